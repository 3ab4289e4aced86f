//! GGUF: one file with the description, the tokenizer and the weights, often quantised.
//!
//! Files of the llama architecture hold query and key rows in Meta's interleaved order already.

use super::description::{self, GgufMetadata};
use super::names::Dialect;
use super::stored::{MappedFile, Stored, StoredTensor};
use super::{Checkpoint, Format};
use crate::config::Config;
use crate::config::RopeScaling;
use crate::error::{Error, Result};
use crate::matrix::widen;
use candle_core::quantized::{GgmlDType, gguf_file::Content};
use std::io::Cursor;
use std::path::Path;

pub fn open(path: &Path) -> Result<Checkpoint> {
    let file = MappedFile::open(path)?;
    let content = read_header(&file)?;
    let mut config = description::from_gguf(&content.metadata, path)?;
    let mut stored = Stored::new(path, Dialect::Gguf);
    for (name, info) in &content.tensor_infos {
        stored.add(StoredTensor {
            name: name.clone(),
            file: file.clone(),
            offset: (content.tensor_data_offset.checked_add(info.offset))
                .and_then(|offset| usize::try_from(offset).ok())
                .unwrap_or(usize::MAX),
            shape: info.shape.dims().to_vec(),
            dtype: info.ggml_dtype,
        });
    }
    config.tied_output = !content.tensor_infos.contains_key("output.weight");
    if let Some(factors) = stored.bytes_of("rope_freqs.weight")? {
        let mut wide = vec![0f32; factors.len() / 4];
        widen::widen(GgmlDType::F32, [factors], [&mut wide])?;
        config.rope_scaling = Some(scaling_of(&wide, &config, path)?);
    }
    Checkpoint::from_stored(Format::Gguf, config, stored)
}

/// The metadata alone: what the tokenizer needs.
pub fn metadata(path: &Path) -> Result<GgufMetadata> {
    Ok(read_header(&MappedFile::open(path)?)?.metadata)
}

fn read_header(file: &MappedFile) -> Result<Content> {
    if alignment_is_zero(file.bytes()) {
        return Err(file.damaged("a GGUF file", "its general.alignment is 0"));
    }
    Content::read(&mut Cursor::new(file.bytes()))
        .map_err(|e| file.damaged("a GGUF file", &e.to_string()))
}

/// The reader divides by this number before anybody can look at it. In the file it follows its key
/// and the four bytes of its type.
fn alignment_is_zero(bytes: &[u8]) -> bool {
    let key = b"general.alignment";
    let header = &bytes[..bytes.len().min(1 << 20)];
    let at = header.windows(key.len()).position(|window| window == key);
    at.and_then(|at| header.get(at + key.len() + 4..at + key.len() + 8))
        .is_some_and(|value| value == [0; 4])
}

/// Llama 3.1 and later: the file holds one divisor for each frequency. They are Llama 3.1's rule
/// with the largest divisor as its factor; anything else is refused rather than guessed.
fn scaling_of(divisors: &[f32], config: &Config, path: &Path) -> Result<RopeScaling> {
    let factor = divisors.iter().copied().fold(1.0, f32::max);
    let scaling = RopeScaling::llama31(f64::from(factor));
    let mut scaled = config.clone();
    scaled.rope_scaling = Some(scaling);
    let plain = crate::rope::freqs(config);
    let expected = crate::rope::freqs(&scaled);
    let same = divisors.len() == plain.len()
        && (divisors.iter().zip(plain.iter().zip(&expected)))
            .all(|(d, (plain, scaled))| (plain / d / scaled - 1.0).abs() < 1e-3);
    match same {
        true => Ok(scaling),
        false => Err(Error::file(
            path,
            "rope_freqs.weight does not hold Llama 3.1's frequency scaling",
            "use a file converted from Llama 3, 3.1 or 3.2",
        )),
    }
}
