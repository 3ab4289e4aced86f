//! Meta's layout: `consolidated.00.pth`, which is a zip file of uncompressed tensors with a small
//! pickle that names them, and `params.json`.

use super::description::Description;
use super::names::Dialect;
use super::stored::{Stored, StoredTensor, WeightFile};
use super::{Checkpoint, Format};
use crate::error::{Error, Result};
use crate::matrix::Kind;
use candle_core::pickle::{Object, Stack};
use std::io::{Cursor, Read};
use std::path::Path;

/// The longest pickle that is read: Llama 3 8B's has about 40,000 bytes.
const LONGEST_PICKLE: u64 = 1 << 24;

pub fn open(pth: &Path, description: Description) -> Result<Checkpoint> {
    let file = WeightFile::open(pth)?;
    let mut zip = zip::ZipArchive::new(Cursor::new(&file.bytes[..])).map_err(|e| {
        let problem = format!("not a complete PyTorch zip file ({e})");
        let hint = "a .pth ends with its table of contents: the download is not complete, or it is \
                    another kind of file; download it again";
        Error::file(pth, problem, hint)
    })?;
    let (folder, pickle) = read_pickle(&mut zip, &file)?;
    let mut stored = Stored::new(pth, Dialect::Meta);
    for entry in tensors_of(pickle).ok_or_else(|| {
        file.damaged(
            "a PyTorch state dict",
            "the pickle is not a dictionary of tensors",
        )
    })? {
        let member = format!("{folder}data/{}", entry.storage);
        let start = start_of(&mut zip, &member).map_err(|problem| {
            let problem = format!("{}: member {member}: {problem}", entry.name);
            Error::file(pth, problem, "save the checkpoint again with torch.save")
        })?;
        let offset = (entry.offset.checked_mul(entry.dtype.type_size()))
            .and_then(|skipped| start.checked_add(skipped));
        stored.add(StoredTensor {
            name: entry.name,
            file: file.clone(),
            offset: offset.unwrap_or(usize::MAX),
            shape: entry.shape,
            dtype: entry.dtype,
        });
    }
    Checkpoint::from_stored(Format::Meta, description, stored)
}

type Zip<'a> = zip::ZipArchive<Cursor<&'a [u8]>>;

/// The folder inside the zip (with its slash), and the pickle in it.
fn read_pickle(zip: &mut Zip<'_>, file: &WeightFile) -> Result<(String, Object)> {
    let damaged = |problem: &str| file.damaged("a PyTorch checkpoint", problem);
    let name = (0..zip.len())
        .filter_map(|i| Some(zip.by_index_raw(i).ok()?.name().ok()?.to_string()))
        .find(|name| name == "data.pkl" || name.ends_with("/data.pkl"))
        .ok_or_else(|| damaged("the zip holds no data.pkl"))?;
    let mut member = zip.by_name(&name).map_err(|e| damaged(&e.to_string()))?;
    if member.size() > LONGEST_PICKLE {
        return Err(damaged("its data.pkl is far too long for a Llama"));
    }
    let mut pickle = vec![];
    (member
        .by_ref()
        .take(LONGEST_PICKLE)
        .read_to_end(&mut pickle))
    .map_err(|e| damaged(&e.to_string()))?;
    let mut stack = Stack::empty();
    (stack.read_loop(&mut Cursor::new(pickle))).map_err(|e| damaged(&e.to_string()))?;
    let object = stack.finalize().map_err(|e| damaged(&e.to_string()))?;
    Ok((name.trim_end_matches("data.pkl").to_string(), object))
}

/// Where a member's bytes begin in the file. Only members stored as they are can be mapped.
fn start_of(zip: &mut Zip<'_>, member: &str) -> std::result::Result<usize, String> {
    let entry = zip.by_name(member).map_err(|e| e.to_string())?;
    if entry.compression() != zip::CompressionMethod::Stored {
        return Err("it is compressed, so it cannot be read in place".into());
    }
    let start = entry
        .data_start()
        .ok_or("its place in the file is unknown")?;
    usize::try_from(start).map_err(|e| e.to_string())
}

struct Entry {
    name: String,
    storage: String,
    offset: usize,
    shape: Vec<usize>,
    dtype: Kind,
}

/// The dictionary name → tensor that `torch.save(model.state_dict())` writes. Values that are not
/// plain tensors are passed over: a tensor that is then missing is reported by name.
fn tensors_of(pickle: Object) -> Option<Vec<Entry>> {
    let pairs = match pickle {
        Object::Dict(pairs) => pairs,
        Object::Build { callable, .. } | Object::Reduce { args: callable, .. } => {
            callable.dict().ok()?
        }
        _ => return None,
    };
    Some(
        pairs
            .into_iter()
            .filter_map(|(name, value)| entry_of(name, value))
            .collect(),
    )
}

/// `torch._utils._rebuild_tensor_v2(("storage", type, key, device, size), offset, shape, stride, …)`
fn entry_of(name: Object, value: Object) -> Option<Entry> {
    let (callable, args) = value.reduce().ok()?;
    let (_, function) = callable.class().ok()?;
    if function != "_rebuild_tensor_v2" {
        return None;
    }
    let mut args = args.tuple().ok()?.into_iter();
    let storage = args.next()?.persistent_load().ok()?;
    let offset = usize::try_from(args.next()?.int_or_long().ok()?).ok()?;
    let shape = sizes(args.next()?)?;
    let stride = sizes(args.next()?)?;
    let mut storage = storage.tuple().ok()?.into_iter().skip(1);
    let (_, storage_type) = storage.next()?.class().ok()?;
    let dtype = match storage_type.as_str() {
        "BFloat16Storage" => Kind::BF16,
        "HalfStorage" => Kind::F16,
        "FloatStorage" => Kind::F32,
        _ => return None,
    };
    (stride == row_major(&shape)?).then_some(Entry {
        name: name.unicode().ok()?,
        storage: storage.next()?.unicode().ok()?,
        offset,
        shape,
        dtype,
    })
}

fn sizes(object: Object) -> Option<Vec<usize>> {
    let sizes = object.tuple().ok()?.into_iter();
    sizes
        .map(|size| usize::try_from(size.int_or_long().ok()?).ok())
        .collect()
}

/// The strides of a tensor whose rows follow each other without gaps.
fn row_major(shape: &[usize]) -> Option<Vec<usize>> {
    let mut strides = vec![1usize; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i].checked_mul(shape[i])?;
    }
    Some(strides)
}
