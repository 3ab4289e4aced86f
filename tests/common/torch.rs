//! Files as `torch.save` writes them: a zip file with a pickle, here put together opcode by opcode.

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

pub fn int(n: usize) -> Vec<u8> {
    [b"J", &(n as i32).to_le_bytes()[..]].concat()
}

pub fn class(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into_bytes()
}

pub fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(", &items.concat()[..], b"t"].concat()
}

pub fn sizes(sizes: &[usize]) -> Vec<u8> {
    tuple(&sizes.iter().map(|&n| int(n)).collect::<Vec<_>>())
}

pub fn dict(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let pairs = pairs.iter().flat_map(|(key, value)| [text(key), value.clone()]);
    [b"}(", &pairs.collect::<Vec<_>>().concat()[..], b"u"].concat()
}

/// `function(*arguments)`
pub fn call(function: Vec<u8>, arguments: &[Vec<u8>]) -> Vec<u8> {
    [function, tuple(arguments), b"R".to_vec()].concat()
}

/// A view of storage number `storage`: `torch._utils._rebuild_tensor_v2`.
pub fn tensor(
    storage: usize,
    kind: &str,
    offset: usize,
    shape: &[usize],
    strides: &[usize],
) -> Vec<u8> {
    let key = storage.to_string();
    let id = [text("storage"), class("torch", kind), text(&key), text("cpu"), int(0)];
    let storage = [tuple(&id), b"Q".to_vec()].concat();
    let hooks = call(class("collections", "OrderedDict"), &[]);
    let arguments = [storage, int(offset), sizes(shape), sizes(strides), b"\x89".to_vec(), hooks];
    call(class("torch._utils", "_rebuild_tensor_v2"), &arguments)
}

/// The tensor as an `nn.Parameter`.
pub fn parameter(tensor: Vec<u8>) -> Vec<u8> {
    let hooks = call(class("collections", "OrderedDict"), &[]);
    let arguments = [tensor, b"\x88".to_vec(), hooks];
    call(class("torch._utils", "_rebuild_parameter"), &arguments)
}

/// The same pickle as protocol 4 writes it: in a frame, with short texts, classes named by two texts,
/// and each of them kept in the memo.
pub fn in_protocol_4(object: &[u8]) -> Vec<u8> {
    let text = |text: &[u8]| [&[0x8c, text.len() as u8], text, &[0x94]].concat();
    let (mut new, mut rest) = (vec![], object);
    while let &[code, ref after @ ..] = rest {
        let old = match code {
            b'X' => {
                let length = u32::from_le_bytes(*after.first_chunk().unwrap()) as usize;
                new.extend(text(&after[4..4 + length]));
                5 + length
            }
            b'c' => {
                let lines: Vec<&[u8]> = after.splitn(3, |&byte| byte == b'\n').collect();
                new.extend([text(lines[0]), text(lines[1]), vec![0x93, 0x94]].concat());
                3 + lines[0].len() + lines[1].len()
            }
            b'J' => 5,
            _ => 1,
        };
        if code != b'X' && code != b'c' {
            new.extend(&rest[..old]);
        }
        rest = &rest[old..];
    }
    [b"\x95", &(new.len() as u64).to_le_bytes()[..], &new].concat()
}

/// A zip file of the object and its storages.
pub fn save(path: &Path, object: &[u8], storages: &[Vec<u8>]) {
    save_as(path, object, storages, "little");
}

pub fn save_as(path: &Path, object: &[u8], storages: &[Vec<u8>], byte_order: &str) {
    let pickle = [b"\x80\x02", object, b"."].concat();
    let mut zip = ZipWriter::new(Cursor::new(vec![]));
    let mut add = |name: &str, bytes: &[u8]| {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file(format!("archive/{name}"), stored).unwrap();
        zip.write_all(bytes).unwrap();
    };
    add("data.pkl", &pickle);
    add("byteorder", byte_order.as_bytes());
    for (i, storage) in storages.iter().enumerate() {
        add(&format!("data/{i}"), storage);
    }
    let bytes = zip.finish().unwrap().into_inner();
    File::create(path).unwrap().write_all(&bytes).unwrap();
}
