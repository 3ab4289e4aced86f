//! What a pickle builds, found out without running it.
//!
//! A pickle is a program for a small machine with a stack and a memo. It builds Python objects, and may
//! call any function. Here none is called: a call stays the function's name and its arguments. All
//! objects lie in one list and mean each other by their places in it, so that an object used twice is
//! one, and no nesting is too deep for our own stack.
//!
//! Source: the protocols 1 to 5 in `Lib/pickletools.py` of python/cpython.

use std::collections::HashMap;

/// Llama 3 405B takes some 30,000.
const MOST_OBJECTS: usize = 1 << 20;

type Result<T> = std::result::Result<T, String>;

/// A place in the list of objects.
pub type Id = usize;

enum Object {
    Int(i64),
    Text(String),
    /// A class or function: `torch._utils._rebuild_tensor_v2`.
    Global(String),
    /// A tuple, list or set.
    Items(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A function or class, and what it is called with.
    Call(Id, Id),
    /// What lies outside of the pickle, under this name.
    Persistent(Id),
    /// `None`, a fraction, bytes: nothing that says where a tensor is.
    Other,
}

/// The objects of one pickle.
pub struct Objects(Vec<Object>);

impl Objects {
    /// All objects, and the one that the pickle is about.
    pub fn read(pickle: &[u8]) -> Result<(Objects, Id)> {
        let mut machine = Machine { rest: pickle, ..Machine::default() };
        while machine.step()? {}
        let top = machine.pop()?;
        Ok((Objects(machine.objects), top))
    }

    pub fn int(&self, id: Id) -> Option<i64> {
        if let Object::Int(n) = self.0[id] { Some(n) } else { None }
    }

    pub fn text(&self, id: Id) -> Option<&str> {
        if let Object::Text(text) = &self.0[id] { Some(text) } else { None }
    }

    pub fn items(&self, id: Id) -> Option<&[Id]> {
        if let Object::Items(items) = &self.0[id] { Some(items) } else { None }
    }

    pub fn dict(&self, id: Id) -> Option<&[(Id, Id)]> {
        if let Object::Dict(pairs) = &self.0[id] { Some(pairs) } else { None }
    }

    pub fn global(&self, id: Id) -> Option<&str> {
        if let Object::Global(name) = &self.0[id] { Some(name) } else { None }
    }

    /// A call: the function's name and the arguments.
    pub fn call(&self, id: Id) -> Option<(&str, &[Id])> {
        let Object::Call(function, arguments) = self.0[id] else {
            return None;
        };
        Some((self.global(function)?, self.items(arguments)?))
    }

    pub fn persistent(&self, id: Id) -> Option<Id> {
        if let Object::Persistent(name) = self.0[id] { Some(name) } else { None }
    }
}

#[derive(Default)]
struct Machine<'a> {
    /// The program, as far as it has not been read.
    rest: &'a [u8],
    objects: Vec<Object>,
    stack: Vec<Id>,
    /// Where on the stack the collections that are being built begin.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
}

impl<'a> Machine<'a> {
    /// One instruction; false after the last.
    fn step(&mut self) -> Result<bool> {
        let code = self.take(1)?[0];
        match code {
            b'.' => return Ok(false),
            0x80 => drop(self.take(1)?), // the protocol's number
            0x95 => drop(self.take(8)?), // a frame's length
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.above_mark()?),
            b'2' => self.stack.push(self.top()?),
            b'q' => self.remember(1)?,
            b'r' => self.remember(4)?,
            0x94 => drop(self.memo.insert(self.memo.len() as u64, self.top()?)),
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            b'N' | 0x88 | 0x89 => self.push(Object::Other)?,
            b'G' => {
                self.take(8)?; // a fraction
                self.push(Object::Other)?;
            }
            b'K' | b'M' => {
                let n = self.number(if code == b'K' { 1 } else { 2 })?;
                self.push(Object::Int(n as i64))?;
            }
            b'J' => self.signed(4)?,
            b'I' | b'L' => {
                let number = self.line()?.trim_end_matches('L').parse();
                self.push(number.map_or(Object::Other, Object::Int))?;
            }
            0x8a => {
                let length = self.number(1)?;
                self.signed(length)?;
            }
            b'X' | b'T' => self.text(4)?,
            0x8c | b'U' => self.text(1)?,
            0x8d => self.text(8)?,
            b'C' => self.bytes(1)?,
            b'B' | 0x8b => self.bytes(4)?,
            0x8e | 0x96 => self.bytes(8)?,
            b')' | b']' | 0x8f => self.push(Object::Items(vec![]))?,
            b'}' => self.push(Object::Dict(vec![]))?,
            b't' | b'l' | 0x91 => {
                let items = self.above_mark()?;
                self.push(Object::Items(items))?;
            }
            0x85..=0x87 => {
                let length = usize::from(code - 0x84);
                let start = self.stack.len().checked_sub(length).ok_or("its stack is empty")?;
                let items = self.stack.split_off(start);
                self.push(Object::Items(items))?;
            }
            b'd' => {
                let items = self.above_mark()?;
                self.push(Object::Dict(vec![]))?;
                self.extend(items)?;
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(vec![item])?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.extend(vec![key, value])?;
            }
            b'e' | b'u' | 0x90 => {
                let items = self.above_mark()?;
                self.extend(items)?;
            }
            b'c' => {
                let name = format!("{}.{}", self.line()?, self.line()?);
                self.push(Object::Global(name))?;
            }
            0x93 => self.global_on_the_stack()?,
            b'R' | 0x81 => self.call()?,
            0x92 => {
                self.pop()?; // arguments with names
                self.call()?;
            }
            b'Q' => {
                let name = self.pop()?;
                self.push(Object::Persistent(name))?;
            }
            b'b' => drop(self.pop()?), // an object's own state
            _ => return Err(format!("{:?} is no instruction known here", char::from(code))),
        }
        Ok(true)
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or("it ends too early")?;
        self.rest = rest;
        Ok(taken)
    }

    fn line(&mut self) -> Result<String> {
        let end = self.rest.iter().position(|&byte| byte == b'\n').ok_or("it ends too early")?;
        let line = self.take(end + 1)?.trim_ascii_end();
        Ok(String::from_utf8_lossy(line).into())
    }

    /// A little-endian number of so many bytes.
    fn number(&mut self, width: usize) -> Result<usize> {
        let mut bytes = [0; 8];
        bytes[..width].copy_from_slice(self.take(width)?);
        usize::try_from(u64::from_le_bytes(bytes)).map_err(|e| e.to_string())
    }

    /// A number that may be negative. One of more than 64 bits is no size of anything.
    fn signed(&mut self, width: usize) -> Result<()> {
        let bytes = self.take(width)?;
        let is_negative = bytes.last().is_some_and(|&byte| byte >= 0x80);
        let mut wide = [if is_negative { 0xff } else { 0 }; 8];
        let object = match wide.get_mut(..width) {
            None => Object::Other,
            Some(low) => {
                low.copy_from_slice(bytes);
                Object::Int(i64::from_le_bytes(wide))
            }
        };
        self.push(object)
    }

    /// A text behind its length, which has so many bytes.
    fn text(&mut self, width: usize) -> Result<()> {
        let length = self.number(width)?;
        let text = String::from_utf8_lossy(self.take(length)?);
        self.push(Object::Text(text.into()))
    }

    fn bytes(&mut self, width: usize) -> Result<()> {
        let length = self.number(width)?;
        self.take(length)?;
        self.push(Object::Other)
    }

    fn push(&mut self, object: Object) -> Result<()> {
        if self.objects.len() == MOST_OBJECTS {
            return Err("it builds far more objects than a Llama has".into());
        }
        self.stack.push(self.objects.len());
        self.objects.push(object);
        Ok(())
    }

    fn top(&self) -> Result<Id> {
        Ok(*self.stack.last().ok_or("its stack is empty")?)
    }

    fn pop(&mut self) -> Result<Id> {
        Ok(self.stack.pop().ok_or("its stack is empty")?)
    }

    fn above_mark(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().filter(|&mark| mark <= self.stack.len());
        Ok(self.stack.split_off(mark.ok_or("its marks do not match")?))
    }

    fn remember(&mut self, width: usize) -> Result<()> {
        let key = self.number(width)? as u64;
        self.memo.insert(key, self.top()?);
        Ok(())
    }

    fn recall(&mut self, width: usize) -> Result<()> {
        let key = self.number(width)? as u64;
        let id = *self.memo.get(&key).ok_or("its memo lacks an object")?;
        self.stack.push(id);
        Ok(())
    }

    /// Puts items, or keys and values in turn, into the collection on the stack.
    fn extend(&mut self, items: Vec<Id>) -> Result<()> {
        let collection = self.top()?;
        match &mut self.objects[collection] {
            Object::Items(all) => all.extend(items),
            Object::Dict(pairs) => pairs.extend(items.chunks_exact(2).map(|two| (two[0], two[1]))),
            _ => {} // an object of a class of its own
        }
        Ok(())
    }

    fn global_on_the_stack(&mut self) -> Result<()> {
        let parts = [self.pop()?, self.pop()?].map(|id| match &self.objects[id] {
            Object::Text(text) => Ok(text.as_str()),
            _ => Err("a class has no name"),
        });
        let [name, module] = parts;
        let name = format!("{}.{}", module?, name?);
        self.push(Object::Global(name))
    }

    /// Nothing is called, but a dictionary that remembers its order is a dictionary.
    fn call(&mut self) -> Result<()> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let dictionaries = ["collections.OrderedDict", "collections.defaultdict"];
        self.push(match &self.objects[function] {
            Object::Global(name) if dictionaries.contains(&name.as_str()) => Object::Dict(vec![]),
            _ => Object::Call(function, arguments),
        })
    }
}
