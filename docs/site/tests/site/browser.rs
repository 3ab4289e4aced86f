//! A page of the site in Chromium: what it shows, and what it complains about.

use headless_chrome::browser::tab::Tab;
use headless_chrome::protocol::cdp::Emulation::SetDeviceMetricsOverride;
use headless_chrome::protocol::cdp::Page::Navigate;
use headless_chrome::protocol::cdp::types::Event;
use headless_chrome::protocol::cdp::{Log, Network, Runtime};
use headless_chrome::{Browser, LaunchOptions};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// Where Chromium is: `CHROMIUM` says so, or else it lies in the PATH.
pub fn find() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Some(path.into());
    }
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH")?;
    let mut candidates = std::env::split_paths(&path).flat_map(|dir| names.map(|n| dir.join(n)));
    candidates.find(|candidate| candidate.is_file())
}

/// A running browser with a profile of its own, both gone when it is dropped.
pub struct Chromium {
    browser: Browser,
    _profile: TempDir,
}

impl Chromium {
    pub fn start(path: &Path) -> Chromium {
        let profile = tempfile::tempdir().unwrap();
        let args = ["--disable-gpu", "--disable-component-update", "--hide-scrollbars"];
        let options = LaunchOptions {
            path: Some(path.into()),
            // Chromium's own sandbox does not work for root and in containers; the pages are ours.
            sandbox: false,
            args: args.map(OsStr::new).to_vec(),
            user_data_dir: Some(profile.path().into()),
            idle_browser_timeout: Duration::from_secs(600),
            ..Default::default()
        };
        let browser = Browser::new(options)
            .unwrap_or_else(|error| panic!("{} does not start: {error}", path.display()));
        Chromium { browser, _profile: profile }
    }

    pub fn tab(&self) -> Page {
        let tab = self.browser.new_tab().unwrap();
        tab.set_default_timeout(PATIENCE);
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let heard = complaints.clone();
        tab.add_event_listener(Arc::new(move |event: &Event| {
            heard.lock().unwrap().extend(complaint(event));
        }))
        .unwrap();
        tab.enable_log().unwrap().enable_runtime().unwrap();
        tab.call_method(network()).unwrap();
        Page { tab, complaints }
    }
}

fn network() -> Network::Enable {
    Network::Enable {
        max_total_buffer_size: None,
        max_resource_buffer_size: None,
        max_post_data_size: None,
        report_direct_socket_traffic: None,
        enable_durable_messages: None,
    }
}

fn navigate(url: &str) -> Navigate {
    Navigate {
        url: url.into(),
        referrer: None,
        transition_Type: None,
        frame_id: None,
        referrer_policy: None,
    }
}

/// What an event says that a reader should not meet.
fn complaint(event: &Event) -> Option<String> {
    match event {
        Event::LogEntryAdded(e) if e.params.entry.level == Log::LogEntryLevel::Error => {
            Some(format!("{} {:?}", e.params.entry.text, e.params.entry.url))
        }
        Event::RuntimeExceptionThrown(e) => Some(format!("{:?}", e.params.exception_details)),
        Event::RuntimeConsoleAPICalled(e)
            if e.params.Type == Runtime::ConsoleAPICalledEventTypeOption::Error =>
        {
            Some(format!("{:?}", e.params.args))
        }
        Event::NetworkLoadingFailed(e) => {
            Some(format!("a request failed: {}", e.params.error_text))
        }
        Event::NetworkRequestWillBeSent(e) => {
            let url = &e.params.request.url;
            let is_ours = ["file:", "data:", "blob:"].iter().any(|kind| url.starts_with(kind));
            (!is_ours).then(|| format!("a request to another host: {url}"))
        }
        _ => None,
    }
}

/// A tab, and the complaints that it has heard.
pub struct Page {
    tab: Arc<Tab>,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Page {
    /// Opens a file, and returns when it and all that it asks for have been loaded.
    pub fn open(&self, path: &Path) {
        let url = format!("file://{}", path.display());
        // The library's own waiting ends half a second after the last request, on every page.
        let opened = self.tab.call_method(navigate(&url));
        opened.unwrap_or_else(|error| panic!("{url}: {error}"));
        self.wait_for("document.readyState === 'complete'");
    }

    /// What has gone wrong since the last call.
    pub fn complaints(&self) -> Vec<String> {
        std::mem::take(&mut self.complaints.lock().unwrap())
    }

    /// The value of a JavaScript expression.
    pub fn value(&self, expression: &str) -> Value {
        let wrapped = format!("JSON.stringify({expression})");
        let object = self.tab.evaluate(&wrapped, true);
        let object = object.unwrap_or_else(|error| panic!("{expression}: {error}"));
        let text = object.value.as_ref().and_then(Value::as_str);
        text.map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
    }

    /// A list of strings that JavaScript gives.
    pub fn list(&self, expression: &str) -> Vec<String> {
        let value = self.value(expression);
        let items = value.as_array().unwrap_or_else(|| panic!("{expression}: {value}"));
        items.iter().map(|item| item.as_str().unwrap().to_string()).collect()
    }

    /// Waits until JavaScript says yes.
    pub fn wait_for(&self, condition: &str) {
        let begin = Instant::now();
        while self.value(condition) != true {
            assert!(begin.elapsed() < PATIENCE, "{}: not yet: {condition}", self.tab.get_url());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn click(&self, selector: &str) {
        let clicked = self.tab.wait_for_element(selector).and_then(|element| {
            element.click()?;
            Ok(())
        });
        clicked.unwrap_or_else(|error| panic!("{}: {selector}: {error}", self.tab.get_url()));
    }

    pub fn write(&self, text: &str) {
        self.tab.send_character(text).unwrap();
    }

    pub fn press(&self, key: &str) {
        self.tab.press_key(key).unwrap();
    }

    pub fn set_width(&self, width: u32) {
        let size = serde_json::json!({
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false,
        });
        let size: SetDeviceMetricsOverride = serde_json::from_value(size).unwrap();
        self.tab.call_method(size).unwrap();
    }

    /// What the browser says that its reader reads.
    pub fn set_language(&self, language: &str) {
        let agent = self.value("navigator.userAgent");
        self.tab.set_user_agent(agent.as_str().unwrap(), Some(language), None).unwrap();
    }
}
