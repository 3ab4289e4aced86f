//! GGUF: one file, or several pieces, with the description, the tokenizer and the weights, often
//! quantised.
//!
//! Files of the llama architecture hold query and key rows in Meta's interleaved order already.

mod header;

use super::description::{self, GgufMetadata};
use super::stored::{Stored, StoredTensor, WeightFile};
use super::{Checkpoint, Format, pieces};
use crate::config::{Config, RopeScaling};
use crate::error::{Error, Result};
use crate::matrix::Kind;
use header::{Header, TensorInfo};
use std::path::Path;

/// A model on the disk: this file, and the others if it is one of several pieces.
pub fn open(file: WeightFile) -> Result<Checkpoint> {
    let (number, count) = piece(&read_header(&file)?);
    if count == 1 {
        return of_pieces(&file.path.clone(), vec![file]);
    }
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    if pieces::number(&name).is_none_or(|(_, named)| u64::from(named) != count) {
        return Err(not_named_so(&file, (number, count)));
    }
    let paths = pieces::numbered(&file.path)?;
    let files = paths.iter().map(|path| WeightFile::open(path)).collect::<Result<_>>()?;
    of_pieces(&file.path, files)
}

/// A model from all of its pieces, in order. The first describes it.
pub fn of_pieces(path: &Path, files: Vec<WeightFile>) -> Result<Checkpoint> {
    let mut headers = files.iter().map(read_header).collect::<Result<Vec<_>>>()?;
    let mut tensors = vec![];
    for (i, (header, file)) in headers.iter().zip(&files).enumerate() {
        if piece(header) != (i as u64, files.len() as u64) {
            return Err(not_named_so(file, piece(header)));
        }
        let places = header.tensors.iter();
        let places = places.map(|info| place(info, header.data_start, file));
        let places: Vec<StoredTensor> = places.collect();
        check_end(&places, header.alignment, file)?;
        tensors.extend(places);
    }
    let metadata = headers.swap_remove(0).metadata;
    let mut description = description::from_gguf(&metadata, &files[0].path)?;
    let config = &mut description.config;
    let stored = Stored::of_gguf(path, tensors)?;
    config.tied_output = !stored.has("output.weight");
    if let Some(factors) = stored.bytes_of("rope_freqs.weight")? {
        let factors = factors.as_chunks().0.iter();
        let wide: Vec<f32> = factors.map(|bytes| f32::from_le_bytes(*bytes)).collect();
        config.rope_scaling = Some(scaling_of(&wide, config, path)?);
    }
    let checkpoint = Checkpoint::from_stored(Format::Gguf, description, stored)?;
    Ok(Checkpoint { gguf: files.into_iter().next(), ..checkpoint })
}

/// Which piece of how many this is, counted from 0.
fn piece(header: &Header) -> (u64, u64) {
    let number = |key| header.metadata.get(key).and_then(|value| value.to_u64().ok());
    (number("split.no").unwrap_or(0), number("split.count").unwrap_or(1).max(1))
}

fn not_named_so(file: &WeightFile, (number, count): (u64, u64)) -> Error {
    let problem = format!(
        "piece {} of a model that gguf-split cut in {count}, under another name",
        number + 1
    );
    let hint = format!(
        "name the pieces …-00001-of-{count:05}.gguf and so on, or put them together: \
         llama-gguf-split --merge FIRST WHOLE.gguf"
    );
    Error::file(&file.path, problem, hint)
}

/// The metadata alone: what the tokenizer needs.
pub fn metadata(file: &WeightFile) -> Result<GgufMetadata> {
    Ok(read_header(file)?.metadata)
}

fn read_header(file: &WeightFile) -> Result<Header> {
    header::read(&file.bytes).map_err(|problem| match problem.remedy {
        Some(remedy) => Error::file(&file.path, problem.what, remedy),
        None => file.damaged("a GGUF file", &problem.what),
    })
}

/// Where a tensor lies in the file.
fn place(info: &TensorInfo, data_start: usize, file: &WeightFile) -> StoredTensor {
    let offset = usize::try_from(info.offset).ok();
    StoredTensor {
        name: info.name.clone(),
        file: file.clone(),
        offset: offset.and_then(|offset| offset.checked_add(data_start)).unwrap_or(usize::MAX), // which no file reaches
        shape: info.shape.clone(),
        dtype: Kind::of_ggml(info.kind).ok_or(format!("GGML's kind {}", info.kind)),
    }
}

/// Behind the last tensor there is at most padding. More of it means that they all begin later than
/// `general.alignment` says.
fn check_end(tensors: &[StoredTensor], alignment: usize, file: &WeightFile) -> Result<()> {
    let ends: Result<Vec<usize>> = tensors.iter().map(StoredTensor::end).collect();
    let Some(end) = ends.ok().and_then(|ends| ends.into_iter().max()) else {
        return Ok(()); // a tensor of an unknown kind, which is refused where it is needed
    };
    let left_over = file.bytes.len() - end;
    if left_over < alignment {
        return Ok(());
    }
    let problem = format!(
        "{left_over} bytes are left over behind the last tensor: do the tensors begin where \
         general.alignment = {alignment} says?"
    );
    let hint = "convert the model again with a llama.cpp of today";
    Err(Error::file(&file.path, problem, hint))
}

/// Llama 3.1 and later: the file holds one divisor for each frequency. They are Llama 3.1's rule
/// with the largest divisor as its factor; anything else is refused rather than guessed.
fn scaling_of(divisors: &[f32], config: &Config, path: &Path) -> Result<RopeScaling> {
    let factor = divisors.iter().copied().fold(1.0, f32::max);
    let scaling = RopeScaling::llama31(f64::from(factor));
    let scaled = Config { rope_scaling: Some(scaling), ..config.clone() };
    let plain = crate::rope::freqs(config);
    let expected = crate::rope::freqs(&scaled);
    let same = divisors.len() == plain.len()
        && (divisors.iter().zip(plain.iter().zip(&expected)))
            .all(|(d, (plain, scaled))| (plain / d / scaled - 1.0).abs() < 1e-3);
    if same {
        return Ok(scaling);
    }
    Err(Error::file(
        path,
        "rope_freqs.weight does not hold Llama 3.1's frequency scaling",
        "use a file converted from Llama 3, 3.1 or 3.2",
    ))
}
