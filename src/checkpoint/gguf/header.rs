//! The head of a GGUF file: keys with their values, and where each tensor lies.
//!
//! All numbers are little-endian. A text is its length and its bytes; a list is the kind of its
//! items, their number, and the items; a value is its kind and what that kind says.
//!
//! Source: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use crate::checkpoint::description::GgufMetadata;
use candle_core::quantized::gguf_file::Value;

/// What the first bytes of a file promise.
pub struct Header {
    pub metadata: GgufMetadata,
    pub tensors: Vec<TensorInfo>,
    /// Where the tensors' bytes begin.
    pub data_start: usize,
    /// What that and every tensor's place is a multiple of.
    pub alignment: usize,
}

/// One tensor, as the header describes it.
pub struct TensorInfo {
    pub name: String,
    /// Rows first, as in every other file: GGUF counts the axes from the last one.
    pub shape: Vec<usize>,
    /// GGML's number for the kind of its numbers.
    pub kind: u32,
    /// From the start of the tensors' bytes.
    pub offset: u64,
}

/// What every GGUF file begins with.
const MAGIC: &[u8] = b"GGUF";
/// The versions that hold Llama 3: version 1 had been gone for half a year when it came out.
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=3;
/// The most items of all lists together: a vocabulary, its merges and scores stay far below.
const MOST_ITEMS: u64 = 1 << 23;
/// Lists in lists; one in another is more than any model has.
const DEEPEST_LIST: u32 = 4;

type Result<T> = std::result::Result<T, Problem>;

/// What is wrong with a file.
pub struct Problem {
    pub what: String,
    /// What helps, where downloading the file again does not.
    pub remedy: Option<&'static str>,
}

impl From<String> for Problem {
    fn from(what: String) -> Problem {
        Problem { what, remedy: None }
    }
}

impl From<&str> for Problem {
    fn from(what: &str) -> Problem {
        what.to_string().into()
    }
}

/// Reads the head of a file.
pub fn read(file: &[u8]) -> Result<Header> {
    let mut reader = Reader { rest: file, items_left: MOST_ITEMS };
    if reader.take(4)? != MAGIC {
        return Err("it does not begin with GGUF".into());
    }
    refuse_other_versions(reader.u32()?)?;
    let (n_tensors, n_keys) = (reader.u64()?, reader.u64()?);
    let mut metadata = GgufMetadata::new();
    for _ in 0..n_keys {
        let (key, kind) = (reader.text()?, reader.u32()?);
        let value = reader.value(kind, 0).map_err(|e| format!("{key}: {}", e.what))?;
        if metadata.contains_key(&key) {
            return Err(format!("the key {key} is there twice").into());
        }
        metadata.insert(key, value);
    }
    let mut tensors = vec![];
    for _ in 0..n_tensors {
        tensors.push(reader.tensor()?);
    }
    let end = file.len() - reader.rest.len();
    let alignment = alignment(&metadata, &tensors)?;
    let data_start = end.checked_next_multiple_of(alignment);
    Ok(Header { metadata, tensors, data_start: data_start.ok_or("it is too long")?, alignment })
}

fn refuse_other_versions(version: u32) -> Result<()> {
    let (what, remedy) = if VERSIONS.contains(&version) {
        return Ok(());
    } else if VERSIONS.contains(&version.swap_bytes()) {
        (
            "a GGUF file whose numbers are big-endian, for other processors".to_string(),
            "take the little-endian file, or turn this one: gguf-convert-endian FILE little \
             (pip install gguf)",
        )
    } else {
        (
            format!("a GGUF file of version {version}; versions 2 and 3 are known"),
            "convert the model again with a llama.cpp of today",
        )
    };
    Err(Problem { what, remedy: Some(remedy) })
}

/// All tensors begin at multiples of this.
fn alignment(metadata: &GgufMetadata, tensors: &[TensorInfo]) -> Result<usize> {
    let wrong = |what: String| Problem {
        what,
        remedy: Some("convert the model again with a llama.cpp of today"),
    };
    let alignment = match metadata.get("general.alignment") {
        None => 32,
        Some(Value::U32(alignment)) if alignment.is_power_of_two() => *alignment,
        Some(other) => {
            let value = format!("{other:?}");
            return Err(wrong(format!(
                "general.alignment = {value}: expected a U32, a power of two"
            )));
        }
    };
    let between = |tensor: &&TensorInfo| !tensor.offset.is_multiple_of(u64::from(alignment));
    if let Some(TensorInfo { name, offset, .. }) = tensors.iter().find(between) {
        return Err(wrong(format!(
            "{name} begins at byte {offset} of the tensors, no multiple of the alignment {alignment}"
        )));
    }
    Ok(alignment as usize)
}

/// What is left to read.
struct Reader<'a> {
    rest: &'a [u8],
    items_left: u64,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let taken = self.rest.split_at_checked(n);
        let (taken, rest) = taken.ok_or("the file ends before its table of contents does")?;
        self.rest = rest;
        Ok(taken)
    }

    /// The `N` bytes of one number.
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.take(N)?.first_chunk();
        Ok(*bytes.ok_or("a number is cut off")?)
    }

    fn u32(&mut self) -> Result<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    /// Some writers end a text with zeros, and a few texts are no valid UTF-8.
    fn text(&mut self) -> Result<String> {
        let length = usize::try_from(self.u64()?).map_err(|e| e.to_string())?;
        let text = String::from_utf8_lossy(self.take(length)?);
        Ok(text.trim_end_matches('\0').into())
    }

    fn value(&mut self, kind: u32, depth: u32) -> Result<Value> {
        Ok(match kind {
            0 => Value::U8(self.bytes().map(u8::from_le_bytes)?),
            1 => Value::I8(self.bytes().map(i8::from_le_bytes)?),
            2 => Value::U16(self.bytes().map(u16::from_le_bytes)?),
            3 => Value::I16(self.bytes().map(i16::from_le_bytes)?),
            4 => Value::U32(self.u32()?),
            5 => Value::I32(self.bytes().map(i32::from_le_bytes)?),
            6 => Value::F32(self.bytes().map(f32::from_le_bytes)?),
            7 => Value::Bool(self.take(1)? != [0]),
            8 => Value::String(self.text()?),
            9 => Value::Array(self.list(depth)?),
            10 => Value::U64(self.u64()?),
            11 => Value::I64(self.bytes().map(i64::from_le_bytes)?),
            12 => Value::F64(self.bytes().map(f64::from_le_bytes)?),
            _ => return Err(format!("there is no kind {kind} of values").into()),
        })
    }

    fn list(&mut self, depth: u32) -> Result<Vec<Value>> {
        let (kind, length) = (self.u32()?, self.u64()?);
        let items_left = self.items_left.checked_sub(length);
        self.items_left = items_left.ok_or("its lists are too long for a model's")?;
        if depth > DEEPEST_LIST {
            return Err("its lists lie too deep in one another".into());
        }
        (0..length).map(|_| self.value(kind, depth + 1)).collect()
    }

    fn tensor(&mut self) -> Result<TensorInfo> {
        let (name, n_axes) = (self.text()?, self.u32()?);
        if n_axes > 4 {
            return Err(format!("{name} has {n_axes} axes").into());
        }
        let mut shape = vec![];
        for _ in 0..n_axes {
            let size = usize::try_from(self.u64()?);
            shape.insert(0, size.map_err(|e| format!("{name}: {e}"))?);
        }
        let (kind, offset) = (self.u32()?, self.u64()?);
        Ok(TensorInfo { name, shape, kind, offset })
    }
}
