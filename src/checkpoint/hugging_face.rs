//! Hugging Face's layout: `model.safetensors`, or shards listed in `model.safetensors.index.json`.
//!
//! Its query and key rows stand in another order than Meta's (all even rows of a head, then all odd
//! ones). That is undone here and nowhere else: see [`RowOrder`].

use super::description::{self, Description};
use super::names::Dialect;
use super::stored::{Stored, StoredTensor, WeightFile};
use super::{Checkpoint, Format};
use crate::error::{Error, Result};
use crate::matrix::Kind;
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const AGAIN: &str = "the download is not complete: start it again";

pub fn open(dir: &Path) -> Result<Checkpoint> {
    let config_path = dir.join("config.json");
    if !config_path.exists() {
        let hint = "copy config.json from the model's repository beside the weights";
        return Err(Error::file(&config_path, "the file is missing", hint));
    }
    let description = description::from_hugging_face(&config_path)?;
    let mut stored = Stored::new(dir, Dialect::HuggingFace);
    for file in weight_files(dir)? {
        add_safetensors(&mut stored, &file)?;
    }
    Checkpoint::from_stored(Format::SafeTensors, description, stored)
}

/// Meta's names in a safetensors file, with Meta's `params.json` beside it.
pub fn open_with_meta_names(file: &Path, description: Description) -> Result<Checkpoint> {
    let mut stored = Stored::new(file, Dialect::Meta);
    add_safetensors(&mut stored, file)?;
    Checkpoint::from_stored(Format::SafeTensors, description, stored)
}

/// The one file, or every shard that the index names, each of which must be there.
fn weight_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let index = dir.join("model.safetensors.index.json");
    if !index.exists() {
        return Ok(vec![dir.join("model.safetensors")]);
    }
    let text = std::fs::read(&index).map_err(|e| Error::io(&index, e))?;
    let broken = |problem: String| Error::file(&index, problem, "download the index again");
    let json: serde_json::Value =
        serde_json::from_slice(&text).map_err(|e| broken(format!("not valid JSON ({e})")))?;
    let map = (json["weight_map"].as_object())
        .ok_or_else(|| broken("there is no weight_map in it".into()))?;
    let shards: BTreeSet<&str> = map.values().filter_map(|shard| shard.as_str()).collect();
    if shards.is_empty() {
        return Err(broken("its weight_map names no file".into()));
    }
    for shard in &shards {
        if Path::new(shard).file_name() != Some(shard.as_ref()) {
            return Err(broken(format!("{shard:?} is not a plain file name")));
        }
        if !dir.join(shard).exists() {
            let problem = format!(
                "the shard is missing; the index names {} shards, {} of them here",
                shards.len(),
                shards.iter().filter(|s| dir.join(s).exists()).count()
            );
            return Err(Error::file(dir.join(shard), problem, AGAIN));
        }
    }
    Ok(shards.iter().map(|shard| dir.join(shard)).collect())
}

fn add_safetensors(stored: &mut Stored, path: &Path) -> Result<()> {
    let file = WeightFile::open(path)?;
    let bytes = &file.bytes[..];
    let (header, metadata) = SafeTensors::read_metadata(bytes)
        .map_err(|e| file.damaged("a safetensors file", &e.to_string()))?;
    let data_start = 8 + header;
    let needed = data_start + metadata.data_len();
    if bytes.len() != needed {
        let problem = format!("it must be {needed} bytes long and has {}", bytes.len());
        return Err(Error::file(path, problem, AGAIN));
    }
    for (name, info) in metadata.tensors() {
        let dtype = match info.dtype {
            Dtype::BF16 => Kind::BF16,
            Dtype::F16 => Kind::F16,
            Dtype::F32 => Kind::F32,
            other => {
                let problem = format!("{name} is stored as {other:?}");
                let hint = "use a checkpoint in BF16, F16 or F32, or a quantised GGUF file";
                return Err(Error::file(path, problem, hint));
            }
        };
        stored.add(StoredTensor {
            name: name.clone(),
            file: file.clone(),
            offset: data_start + info.data_offsets.0,
            shape: info.shape.clone(),
            dtype,
        });
    }
    Ok(())
}
