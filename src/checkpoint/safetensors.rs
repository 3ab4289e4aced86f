//! `.safetensors`: a table of contents in JSON, then the tensors one after another.

use super::stored::{StoredTensor, WeightFile};
use crate::error::{Error, Result};
use crate::matrix::Kind;
use safetensors::{Dtype, SafeTensors};

/// All tensors of a file.
pub fn tensors(file: &WeightFile) -> Result<Vec<StoredTensor>> {
    let bytes = &file.bytes[..];
    let (header, metadata) = SafeTensors::read_metadata(bytes)
        .map_err(|e| file.damaged("a safetensors file", &e.to_string()))?;
    let data_start = 8 + header;
    let needed = data_start + metadata.data_len();
    if bytes.len() != needed {
        let problem = format!("it must be {needed} bytes long and has {}", bytes.len());
        let hint = "the download is not complete: start it again";
        return Err(Error::file(&file.path, problem, hint));
    }
    let tensor = |(name, info): (String, &safetensors::tensor::TensorInfo)| StoredTensor {
        name,
        file: file.clone(),
        offset: data_start + info.data_offsets.0,
        shape: info.shape.clone(),
        dtype: match info.dtype {
            Dtype::BF16 => Ok(Kind::BF16),
            Dtype::F16 => Ok(Kind::F16),
            Dtype::F32 => Ok(Kind::F32),
            other => Err(format!("{other:?}")),
        },
    };
    Ok(metadata.tensors().into_iter().map(tensor).collect())
}
