//! What a pickle says about the tensors of a file.
//!
//! `torch.save` writes a tensor as the call of a function that puts it together again, with the place
//! of its numbers as arguments.

use super::objects::{Id, Objects};
use crate::matrix::Kind;

/// The keys under which training programs keep the weights beside their other state.
const WRAPPERS: [&str; 4] = ["model", "state_dict", "model_state_dict", "module"];

/// More wrappers in one another than any program writes.
const DEEPEST_WRAPPER: usize = 8;

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
pub fn state_dict(objects: &Objects, mut id: Id) -> std::result::Result<Vec<(&str, Id)>, String> {
    for _ in 0..DEEPEST_WRAPPER {
        let pairs = objects.dict(id).ok_or_else(|| in_words(objects, id))?;
        let named = pairs.iter().filter_map(|&(key, value)| Some((objects.text(key)?, value)));
        let named: Vec<(&str, Id)> = named.collect();
        let is_wrapped = |wrapper: &&str| {
            let mut of_that_name = named.iter().filter(|(key, _)| key == wrapper);
            of_that_name.find(|&&(_, value)| objects.dict(value).is_some())
        };
        id = match WRAPPERS.iter().find_map(is_wrapped) {
            Some((_, inner)) => *inner,
            None if named.iter().any(|&(_, value)| rebuilt(objects, value).is_some()) => {
                return Ok(named);
            }
            None => {
                let keys: Vec<&str> = named.iter().take(8).map(|(key, _)| *key).collect();
                return Err(format!("the keys {}", keys.join(", ")));
            }
        };
    }
    Err("dictionaries in dictionaries".into())
}

fn in_words(objects: &Objects, id: Id) -> String {
    match (objects.call(id), objects.items(id), objects.global(id)) {
        (Some((class, _)), ..) => format!("a Python object of {class}"),
        (_, Some(_), _) => "a list".into(),
        (.., Some(name)) => name.into(),
        _ => "another value".into(),
    }
}

/// The function that makes a tensor, and its arguments. `nn.Parameter` and subclasses of tensors are a
/// tensor with something around it.
fn rebuilt(objects: &Objects, mut id: Id) -> Option<(&str, &[Id])> {
    for _ in 0..DEEPEST_WRAPPER {
        let (function, arguments) = objects.call(id)?;
        let (_, function) = function.rsplit_once('.')?;
        id = match (function, arguments) {
            ("_rebuild_parameter" | "_rebuild_parameter_with_state", [tensor, ..]) => *tensor,
            // (function, type, arguments, state)
            ("_rebuild_from_type_v2", [function, _, arguments, ..]) => {
                let (_, function) = objects.global(*function)?.rsplit_once('.')?;
                return Some((function, objects.items(*arguments)?));
            }
            _ => return function.starts_with("_rebuild_").then_some((function, arguments)),
        };
    }
    None
}

/// The tensor that a value is, if it is one.
pub fn view_of(objects: &Objects, id: Id) -> Option<View> {
    let (function, arguments) = rebuilt(objects, id)?;
    let view = if function == "_rebuild_tensor_v2" { view(objects, arguments) } else { None };
    view.or_else(|| Some(View::unknown(function)))
}

/// `_rebuild_tensor_v2(("storage", type, key, device, size), offset, shape, strides, requires_grad,
/// hooks, more)`, where more would say that the numbers have another sign than the storage's.
fn view(objects: &Objects, arguments: &[Id]) -> Option<View> {
    let &[storage, offset, shape, strides, _, _, ref more @ ..] = arguments else {
        return None;
    };
    if more.iter().any(|&more| objects.dict(more).is_some_and(|pairs| !pairs.is_empty())) {
        return None;
    }
    let &[_, kind, key, ..] = objects.items(objects.persistent(storage)?)? else {
        return None;
    };
    let size = |&id: &Id| usize::try_from(objects.int(id)?).ok();
    let sizes = |id| objects.items(id)?.iter().map(size).collect::<Option<Vec<usize>>>();
    Some(View {
        storage: objects.text(key)?.into(),
        dtype: match objects.global(kind)?.rsplit_once('.')?.1 {
            "BFloat16Storage" => Ok(Kind::BF16),
            "HalfStorage" => Ok(Kind::F16),
            "FloatStorage" => Ok(Kind::F32),
            other => Err(other.to_string()),
        },
        offset: size(&offset)?,
        shape: sizes(shape)?,
        strides: sizes(strides)?,
    })
}

impl View {
    /// A tensor of a kind that is not read here, which the model may not need.
    fn unknown(function: &str) -> View {
        let (storage, shape, strides) = (String::new(), vec![], vec![]);
        View { storage, dtype: Err(function.into()), offset: 0, shape, strides }
    }

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
