//! A model in several files: which they are, told by any one of them.

use crate::error::{Error, Result};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

const AGAIN: &str = "the download is not complete: start it again";

/// The files of one model.
pub struct Files {
    pub paths: Vec<PathBuf>,
    /// Where an index says so: the file from which each tensor is to be taken. A file may hold others.
    pub places: Option<HashMap<String, String>>,
}

impl Files {
    /// All files of the model that this file is a part of; often it is the only one.
    pub fn with(path: &Path) -> Result<Files> {
        for weights in ["model.safetensors", "pytorch_model.bin"] {
            let index = path.with_file_name(format!("{weights}.index.json"));
            if let Ok(files) = Files::in_index(&index)
                && files.paths.iter().any(|listed| listed == path)
            {
                return Ok(files);
            }
        }
        let paths = consolidated(path).unwrap_or_else(|| numbered(path))?;
        Ok(Files { paths, places: None })
    }

    /// Is the tensor to be taken from this file?
    pub fn is_place_of(&self, tensor: &str, path: &Path) -> bool {
        let place = self.places.as_ref().and_then(|places| places.get(tensor));
        place.is_none_or(|place| path.ends_with(place))
    }

    /// The files that `model.safetensors.index.json` names, each of which must be there.
    pub fn in_index(index: &Path) -> Result<Files> {
        let broken = |problem: String| Error::file(index, problem, "download the index again");
        let text = std::fs::read(index).map_err(|e| Error::io(index, e))?;
        let json: serde_json::Value =
            serde_json::from_slice(&text).map_err(|e| broken(format!("not valid JSON ({e})")))?;
        let places: HashMap<String, String> = serde_json::from_value(json["weight_map"].clone())
            .map_err(|_| broken("there is no weight_map of tensors to files in it".into()))?;
        let names: BTreeSet<&String> = places.values().collect();
        if names.is_empty() {
            return Err(broken("its weight_map names no file".into()));
        }
        let is_plain = |name: &str| Path::new(name).file_name() == Some(name.as_ref());
        if let Some(name) = names.iter().find(|name| !is_plain(name)) {
            return Err(broken(format!("{name:?} is not a plain file name")));
        }
        let paths = names.iter().map(|name| index.with_file_name(name));
        let paths = all_there(paths.collect(), "shards that the index names")?;
        Ok(Files { paths, places: Some(places) })
    }
}

/// `NAME-00002-of-00003.END` → the three files, in order. A file of another name is alone.
pub fn numbered(path: &Path) -> Result<Vec<PathBuf>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some((_, count)) = number(&name) else {
        return Ok(vec![path.to_owned()]);
    };
    let (left, right) = name.rsplit_once("-of-").unwrap_or_default();
    let (before, digits) = left.rsplit_once('-').unwrap_or_default();
    let width = digits.len();
    let piece = |i| path.with_file_name(format!("{before}-{i:0width$}-of-{right}"));
    all_there((1..=count).map(piece).collect(), "pieces")
}

/// The 2 and the 3 of `NAME-00002-of-00003.END`.
pub fn number(name: &str) -> Option<(u32, u32)> {
    let (left, right) = name.rsplit_once("-of-")?;
    let (_, number) = left.rsplit_once('-')?;
    let (count, _) = right.split_once('.')?;
    let is_number = |digits: &str| digits.len() == 5 && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(number) || !is_number(count) {
        return None;
    }
    let (number, count) = (number.parse().ok()?, count.parse().ok()?);
    (1..=count).contains(&number).then_some((number, count))
}

/// `consolidated.01.pth` → all that lie beside it, from `consolidated.00.pth` on: how Meta cuts a model
/// for several devices.
fn consolidated(path: &Path) -> Option<Result<Vec<PathBuf>>> {
    let name = path.file_name()?.to_str()?;
    let (digits, end) = name.strip_prefix("consolidated.")?.split_once('.')?;
    digits.parse::<u32>().ok()?;
    let piece = |i: usize| path.with_file_name(format!("consolidated.{i:02}.{end}"));
    let highest = (0..100).rev().find(|&i| piece(i).exists())?;
    Some(all_there((0..=highest).map(piece).collect(), "pieces"))
}

fn all_there(paths: Vec<PathBuf>, what: &str) -> Result<Vec<PathBuf>> {
    let Some(missing) = paths.iter().find(|path| !path.exists()) else {
        return Ok(paths);
    };
    let here = paths.iter().filter(|path| path.exists()).count();
    let problem = format!("the file is missing: of the {} {what}, {here} are here", paths.len());
    Err(Error::file(missing, problem, AGAIN))
}
