//! What a pickle says about the tensors of a file.
//!
//! A pickle is a program that builds Python objects. It is never run here: candle reads what it would
//! build, and we look for tensors in that.

use crate::matrix::Kind;
use candle_core::pickle::Object;

/// The keys under which training programs keep the weights beside their other state.
const WRAPPERS: [&str; 4] = ["model", "state_dict", "model_state_dict", "module"];

/// A tensor as a pickle describes it: a view of numbers that other tensors may share.
pub struct View {
    /// The zip file's member, by its number.
    pub storage: String,
    pub dtype: std::result::Result<Kind, String>,
    /// In numbers, from the member's start.
    pub offset: usize,
    pub shape: Vec<usize>,
    /// How many numbers further the next one along each axis is.
    strides: Vec<usize>,
}

/// The names and values of the dictionary that `torch.save(model.state_dict())` writes, also if it is
/// one value of another dictionary. The error says what is there instead.
pub fn state_dict(object: Object) -> std::result::Result<Vec<(String, Object)>, String> {
    let pairs = match object {
        Object::Dict(pairs) => pairs,
        Object::Build { callable, .. } => match *callable {
            Object::Dict(pairs) => pairs,
            other => return Err(in_words(&other)),
        },
        other => return Err(in_words(&other)),
    };
    let named = |(key, value): (Object, Object)| Some((key.unicode().ok()?, value));
    let mut pairs: Vec<(String, Object)> = pairs.into_iter().filter_map(named).collect();
    if pairs.iter().any(|(_, value)| is_tensor(value)) {
        return Ok(pairs);
    }
    let wrapped = |wrapper: &&str| pairs.iter().position(|(key, _)| key == *wrapper);
    if let Some(i) = WRAPPERS.iter().find_map(wrapped) {
        return state_dict(pairs.swap_remove(i).1);
    }
    let keys: Vec<&str> = pairs.iter().take(8).map(|(key, _)| key.as_str()).collect();
    Err(format!("the keys {}", keys.join(", ")))
}

fn in_words(object: &Object) -> String {
    match object {
        Object::Class { module_name, class_name } => format!("{module_name}.{class_name}"),
        Object::Reduce { callable, .. } | Object::Build { callable, .. } => {
            format!("a Python object of {}", in_words(callable))
        }
        Object::List(_) => "a list".into(),
        _ => "another value".into(),
    }
}

/// `nn.Parameter` and subclasses of tensors are a tensor with something around it.
fn unwrapped(value: Object) -> Option<(String, Vec<Object>)> {
    let (callable, args) = value.reduce().ok()?;
    let (_, function) = callable.class().ok()?;
    let mut args = args.tuple().ok()?;
    match function.as_str() {
        "_rebuild_parameter" | "_rebuild_parameter_with_state" if !args.is_empty() => {
            unwrapped(args.swap_remove(0))
        }
        "_rebuild_from_type_v2" if args.len() > 2 => unwrapped(Object::Reduce {
            args: Box::new(args.swap_remove(2)),
            callable: Box::new(args.swap_remove(0)),
        }),
        _ => Some((function, args)),
    }
}

fn is_tensor(value: &Object) -> bool {
    unwrapped(value.clone()).is_some_and(|(function, _)| function.starts_with("_rebuild_"))
}

/// `_rebuild_tensor_v2(("storage", type, key, device, size), offset, shape, strides, …)`
pub fn view_of(value: Object) -> Option<View> {
    let (function, args) = unwrapped(value)?;
    let mut args = args.into_iter();
    let storage = args.next()?.persistent_load().ok()?;
    let mut storage = storage.tuple().ok()?.into_iter().skip(1);
    let (_, storage_type) = storage.next()?.class().ok()?;
    let dtype = match (function.as_str(), storage_type.as_str()) {
        ("_rebuild_tensor_v2", "BFloat16Storage") => Ok(Kind::BF16),
        ("_rebuild_tensor_v2", "HalfStorage") => Ok(Kind::F16),
        ("_rebuild_tensor_v2", "FloatStorage") => Ok(Kind::F32),
        ("_rebuild_tensor_v2", other) => Err(other.to_string()),
        (other, _) => Err(other.to_string()),
    };
    Some(View {
        storage: storage.next()?.unicode().ok()?,
        dtype,
        offset: usize::try_from(args.next()?.int_or_long().ok()?).ok()?,
        shape: sizes(args.next()?)?,
        strides: sizes(args.next()?)?,
    })
}

fn sizes(object: Object) -> Option<Vec<usize>> {
    let sizes = object.tuple().ok()?.into_iter();
    sizes.map(|size| usize::try_from(size.int_or_long().ok()?).ok()).collect()
}

impl View {
    /// How many numbers it has, and how many of its storage lie before the end of the last one.
    pub fn extent(&self) -> Option<(usize, usize)> {
        let mut sizes = self.shape.iter();
        let count = sizes.try_fold(1usize, |n, &size| n.checked_mul(size))?;
        let mut end = self.offset.checked_add(usize::from(count > 0))?;
        for (&size, &stride) in self.shape.iter().zip(&self.strides) {
            end = end.checked_add(size.saturating_sub(1).checked_mul(stride)?)?;
        }
        (self.shape.len() == self.strides.len()).then_some((count, end))
    }

    /// Does each row follow the one before without a gap, as a matrix is read here? The stride of an
    /// axis with one place is never used.
    pub fn is_row_major(&self) -> bool {
        let mut expected = 1usize;
        let mut axes = self.shape.iter().zip(&self.strides).rev();
        axes.all(|(&size, &stride)| {
            let follows = size <= 1 || stride == expected;
            expected = expected.saturating_mul(size);
            follows
        })
    }

    /// The numbers in that order; `None` for more than two axes, which no tensor of a Llama has.
    pub fn gathered(&self, storage: &[u8], number_size: usize) -> Option<Vec<u8>> {
        let [(rows, row_stride), (columns, stride)] = match (&self.shape[..], &self.strides[..]) {
            ([columns], [stride]) => [(1, 0), (*columns, *stride)],
            ([rows, columns], [row_stride, stride]) => [(*rows, *row_stride), (*columns, *stride)],
            _ => return None,
        };
        let mut bytes = Vec::with_capacity(rows * columns * number_size);
        for row in 0..rows {
            for column in 0..columns {
                let at = (self.offset + row * row_stride + column * stride) * number_size;
                bytes.extend_from_slice(storage.get(at..at + number_size)?);
            }
        }
        Some(bytes)
    }
}
