//! Files of PyTorch: a zip file of uncompressed numbers, and a small pickle that names the tensors and
//! says how they lie in them.

mod objects;
mod pickle;

use super::stored::{StoredTensor, WeightFile};
use crate::error::{Error, Result};
use crate::matrix::memory;
use objects::{Id, Objects};
use pickle::View;
use std::io::{Cursor, Read};
use std::ops::Range;

/// The longest pickle that is read: Llama 3 8B's has about 40,000 bytes.
const LONGEST_PICKLE: u64 = 1 << 24;
/// How files began before PyTorch 1.6: with the pickle of a number, 0x1950a86a20f9469cfc6c.
pub const LEGACY: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

/// All tensors of a file.
pub fn tensors(file: &WeightFile) -> Result<Vec<StoredTensor>> {
    let zip = zip::ZipArchive::new(Cursor::new(&file.bytes[..])).map_err(|e| {
        let problem = format!("not a complete PyTorch zip file ({e})");
        let hint = "a .pth ends with its table of contents: the download is not complete, or it is \
                    another kind of file; download it again";
        Error::file(&file.path, problem, hint)
    })?;
    let mut archive = Archive::open(zip, file)?;
    let (objects, id) = archive.pickle()?;
    let entries = pickle::state_dict(&objects, id).map_err(|found| {
        let problem = format!("no dictionary of tensors, but {found}");
        let hint = "save the weights alone: torch.save(model.state_dict(), …)";
        Error::file(&file.path, problem, hint)
    })?;
    let views = entries.into_iter();
    let views = views.filter_map(|(name, id)| Some((name, pickle::view_of(&objects, id)?)));
    views.map(|(name, view)| archive.tensor(name.into(), view)).collect()
}

/// The error for a file in the format before the zip file, which cannot be read in place.
pub fn legacy(file: &WeightFile) -> Error {
    let problem = "a PyTorch file in the format before version 1.6, which is no zip file";
    Error::file(&file.path, problem, saved_again(file))
}

/// The line that writes a file anew as it is read here.
fn saved_again(file: &WeightFile) -> String {
    let path = file.path.display();
    format!(
        "convert it: python3 -c 'import torch; \
         torch.save(torch.load(\"{path}\", map_location=\"cpu\"), \"{path}.new\")'"
    )
}

/// An opened file.
struct Archive<'a> {
    file: &'a WeightFile,
    zip: zip::ZipArchive<Cursor<&'a [u8]>>,
    /// What stands before the names of all members.
    folder: String,
    /// How many bytes may still be copied, to put numbers of another order right.
    room: usize,
}

impl<'a> Archive<'a> {
    fn open(zip: zip::ZipArchive<Cursor<&'a [u8]>>, file: &'a WeightFile) -> Result<Archive<'a>> {
        let names = zip.file_names().filter_map(|name| Some(name.ok()?.into_owned()));
        let is_pickle = |name: &String| name == "data.pkl" || name.ends_with("/data.pkl");
        let pickle = names.into_iter().find(is_pickle);
        let pickle = pickle
            .ok_or_else(|| file.damaged("a PyTorch checkpoint", "the zip holds no data.pkl"))?;
        let free = memory::available_bytes().and_then(|n| usize::try_from(n).ok());
        let mut archive = Archive {
            file,
            zip,
            folder: pickle.trim_end_matches("data.pkl").to_string(),
            room: file.bytes.len().min(free.unwrap_or(usize::MAX)),
        };
        if archive.read("byteorder", 16).is_ok_and(|order| order == b"big") {
            let hint = "save it again on a little-endian machine, which most are";
            return Err(Error::file(&file.path, "its numbers are big-endian", hint));
        }
        Ok(archive)
    }

    /// A member's bytes, at most so many.
    fn read(&mut self, member: &str, longest: u64) -> std::result::Result<Vec<u8>, String> {
        let name = format!("{}{member}", self.folder);
        let member = self.zip.by_name(&name).map_err(|e| e.to_string())?;
        if member.size() > longest {
            return Err(format!("its {name} is far too long for a Llama"));
        }
        let mut bytes = vec![];
        let read = member.take(longest).read_to_end(&mut bytes);
        read.map(|_| bytes).map_err(|e| e.to_string())
    }

    fn pickle(&mut self) -> Result<(Objects, Id)> {
        let pickle = self.read("data.pkl", LONGEST_PICKLE);
        pickle.and_then(|bytes| Objects::read(&bytes)).map_err(|problem| {
            let problem = format!("its data.pkl is not as torch.save writes it ({problem})");
            Error::file(&self.file.path, problem, saved_again(self.file))
        })
    }

    /// Where a member's bytes are in the file. Only members stored as they are can be read in place.
    fn place(&mut self, member: &str) -> std::result::Result<Range<usize>, String> {
        let entry = self.zip.by_name(member).map_err(|e| e.to_string())?;
        if entry.compression() != zip::CompressionMethod::Stored {
            return Err("it is compressed, so it cannot be read in place".into());
        }
        let start = entry.data_start().ok_or("its place in the file is unknown")?;
        let start = usize::try_from(start).map_err(|e| e.to_string())?;
        let size = usize::try_from(entry.size()).map_err(|e| e.to_string())?;
        let end = start.checked_add(size).filter(|&end| end <= self.file.bytes.len());
        Ok(start..end.ok_or("the file ends before it does")?)
    }

    fn tensor(&mut self, name: String, view: View) -> Result<StoredTensor> {
        let mut tensor = StoredTensor {
            name,
            file: self.file.clone(),
            offset: 0,
            shape: view.shape.clone(),
            dtype: view.dtype.clone(),
        };
        let Ok(dtype) = &view.dtype else {
            return Ok(tensor); // refused when the model needs it
        };
        let member = format!("{}data/{}", self.folder, view.storage);
        let placed = self
            .place(&member)
            .and_then(|storage| self.put(&mut tensor, &view, storage, dtype.type_size()));
        placed.map_err(|problem| {
            let problem = format!("{}: member {member}: {problem}", tensor.name);
            let hint = "save the checkpoint again with torch.save";
            Error::file(&self.file.path, problem, hint)
        })?;
        Ok(tensor)
    }

    /// Numbers in order are left where they are; others are copied.
    fn put(
        &mut self,
        tensor: &mut StoredTensor,
        view: &View,
        storage: Range<usize>,
        number_size: usize,
    ) -> std::result::Result<(), String> {
        let held = storage.len() / number_size;
        let (count, end) = view.extent().ok_or("an impossible shape")?;
        if end > held {
            return Err(format!("{end} numbers are needed, and it holds {held}"));
        }
        if view.is_row_major() {
            tensor.offset = storage.start + view.offset * number_size;
            return Ok(());
        }
        let room = self.room.checked_sub(count.saturating_mul(number_size));
        self.room =
            room.ok_or("its numbers are not in order, and there is no room to copy them")?;
        let gathered = view.gathered(&self.file.bytes[storage], number_size);
        tensor.file.bytes = gathered.ok_or("its numbers are not in order")?.into();
        Ok(())
    }
}
