//! GGUF: one file with the description, the tokenizer and the weights, often quantised.
//!
//! Files of the llama architecture hold query and key rows in Meta's interleaved order already.

mod header;

use super::description::{self, GgufMetadata};
use super::names::Dialect;
use super::stored::{Stored, StoredTensor, WeightFile};
use super::{Checkpoint, Format};
use crate::config::{Config, RopeScaling};
use crate::error::{Error, Result};
use crate::matrix::{Kind, widen};
use header::{Header, TensorInfo};

pub fn open(file: WeightFile) -> Result<Checkpoint> {
    let header = read_header(&file)?;
    let mut description = description::from_gguf(&header.metadata, &file.path)?;
    let config = &mut description.config;
    let mut stored = Stored::new(&file.path, Dialect::Gguf);
    for info in &header.tensors {
        stored.add(place(info, header.data_start, &file)?);
    }
    config.tied_output = !stored.has("output.weight");
    if let Some(factors) = stored.bytes_of("rope_freqs.weight")? {
        let mut wide = vec![0f32; factors.len() / 4];
        widen::widen(Kind::F32, [factors], [&mut wide]);
        config.rope_scaling = Some(scaling_of(&wide, config, &file)?);
    }
    let checkpoint = Checkpoint::from_stored(Format::Gguf, description, stored)?;
    Ok(Checkpoint {
        gguf: Some(file),
        ..checkpoint
    })
}

/// The metadata alone: what the tokenizer needs.
pub fn metadata(file: &WeightFile) -> Result<GgufMetadata> {
    Ok(read_header(file)?.metadata)
}

fn read_header(file: &WeightFile) -> Result<Header> {
    header::read(&file.bytes).map_err(|problem| file.damaged("a GGUF file", &problem))
}

/// Where a tensor lies in the file.
fn place(info: &TensorInfo, data_start: usize, file: &WeightFile) -> Result<StoredTensor> {
    let Some(dtype) = Kind::of_ggml(info.kind) else {
        let problem = format!("{} is stored in GGML's kind {}", info.name, info.kind);
        let hint = "take a file in another quantisation, such as Q4_K_M or Q8_0";
        return Err(Error::file(&file.path, problem, hint));
    };
    let offset = usize::try_from(info.offset).ok();
    Ok(StoredTensor {
        name: info.name.clone(),
        file: file.clone(),
        offset: offset
            .and_then(|offset| offset.checked_add(data_start))
            .unwrap_or(usize::MAX), // which no file reaches
        shape: info.shape.clone(),
        dtype,
    })
}

/// Llama 3.1 and later: the file holds one divisor for each frequency. They are Llama 3.1's rule
/// with the largest divisor as its factor; anything else is refused rather than guessed.
fn scaling_of(divisors: &[f32], config: &Config, file: &WeightFile) -> Result<RopeScaling> {
    let factor = divisors.iter().copied().fold(1.0, f32::max);
    let scaling = RopeScaling::llama31(f64::from(factor));
    let scaled = Config {
        rope_scaling: Some(scaling),
        ..config.clone()
    };
    let plain = crate::rope::freqs(config);
    let expected = crate::rope::freqs(&scaled);
    let same = divisors.len() == plain.len()
        && (divisors.iter().zip(plain.iter().zip(&expected)))
            .all(|(d, (plain, scaled))| (plain / d / scaled - 1.0).abs() < 1e-3);
    if same {
        return Ok(scaling);
    }
    Err(Error::file(
        &file.path,
        "rope_freqs.weight does not hold Llama 3.1's frequency scaling",
        "use a file converted from Llama 3, 3.1 or 3.2",
    ))
}
