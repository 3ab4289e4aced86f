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
        loop {
            match machine.take(1)?[0] {
                b'.' => break,
                code => machine.step(code)?,
            }
            if machine.objects.len() > MOST_OBJECTS {
                return Err("it builds far more objects than a Llama has".into());
            }
        }
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
    memo: HashMap<usize, Id>,
}

impl<'a> Machine<'a> {
    /// One instruction: what it does to the stack and the memo, or which object it makes.
    fn step(&mut self, code: u8) -> Result<()> {
        match code {
            0x80 => drop(self.take(1)?), // the protocol's number
            0x95 => drop(self.take(8)?), // a frame's length
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.above_mark()?),
            b'2' => self.stack.push(self.top()?),
            b'q' => self.remember(1)?,
            b'r' => self.remember(4)?,
            0x94 => drop(self.memo.insert(self.memo.len(), self.top()?)),
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            b'a' => self.extend_by(1)?,
            b's' => self.extend_by(2)?,
            b'e' | b'u' | 0x90 => {
                let items = self.above_mark()?;
                self.extend(items)?;
            }
            b'b' => drop(self.pop()?), // an object's own state
            _ => {
                let object = self.object(code)?;
                self.stack.push(self.objects.len());
                self.objects.push(object);
            }
        }
        Ok(())
    }

    fn object(&mut self, code: u8) -> Result<Object> {
        Ok(match code {
            b'N' | 0x88 | 0x89 => Object::Other, // none, true, false
            b'G' => self.take(8).map(|_| Object::Other)?, // a fraction
            b'K' => Object::Int(self.number(1)? as i64),
            b'M' => Object::Int(self.number(2)? as i64),
            b'J' => signed(self.take(4)?),
            0x8a => signed(self.counted(1)?),
            0x8b => signed(self.counted(4)?),
            b'I' | b'L' => {
                self.line()?.trim_end_matches('L').parse().map_or(Object::Other, Object::Int)
            }
            b'U' | 0x8c => text(self.counted(1)?),
            b'T' | b'X' => text(self.counted(4)?),
            0x8d => text(self.counted(8)?),
            b'C' => self.counted(1).map(|_| Object::Other)?, // bytes
            b'B' => self.counted(4).map(|_| Object::Other)?,
            0x8e | 0x96 => self.counted(8).map(|_| Object::Other)?,
            b')' | b']' | 0x8f => Object::Items(vec![]),
            b't' | b'l' | 0x91 => Object::Items(self.above_mark()?),
            0x85..=0x87 => Object::Items(self.topmost(usize::from(code - 0x84))?),
            b'}' => Object::Dict(vec![]),
            b'd' => Object::Dict(pairs(&self.above_mark()?)),
            b'c' => Object::Global(format!("{}.{}", self.line()?, self.line()?)),
            0x93 => self.global_on_the_stack()?,
            b'R' | 0x81 => self.call()?,
            0x92 => {
                self.pop()?; // arguments with names
                self.call()?
            }
            b'Q' => Object::Persistent(self.pop()?),
            _ => return Err(format!("{:?} is no instruction known here", char::from(code))),
        })
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or("it ends too early")?;
        self.rest = rest;
        Ok(taken)
    }

    fn line(&mut self) -> Result<String> {
        let end = self.rest.iter().position(|&byte| byte == b'\n').ok_or("it ends too early")?;
        Ok(String::from_utf8_lossy(self.take(end + 1)?.trim_ascii_end()).into())
    }

    /// A little-endian number of so many bytes.
    fn number(&mut self, width: usize) -> Result<usize> {
        let mut bytes = [0; 8];
        bytes[..width].copy_from_slice(self.take(width)?);
        usize::try_from(u64::from_le_bytes(bytes)).map_err(|e| e.to_string())
    }

    /// Bytes behind their count, which has so many bytes itself.
    fn counted(&mut self, width: usize) -> Result<&'a [u8]> {
        let count = self.number(width)?;
        self.take(count)
    }

    fn top(&self) -> Result<Id> {
        Ok(*self.stack.last().ok_or("its stack is empty")?)
    }

    fn pop(&mut self) -> Result<Id> {
        Ok(self.stack.pop().ok_or("its stack is empty")?)
    }

    fn topmost(&mut self, n: usize) -> Result<Vec<Id>> {
        let start = self.stack.len().checked_sub(n).ok_or("its stack is empty")?;
        Ok(self.stack.split_off(start))
    }

    fn above_mark(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().filter(|&mark| mark <= self.stack.len());
        Ok(self.stack.split_off(mark.ok_or("its marks do not match")?))
    }

    fn remember(&mut self, width: usize) -> Result<()> {
        let key = self.number(width)?;
        self.memo.insert(key, self.top()?);
        Ok(())
    }

    fn recall(&mut self, width: usize) -> Result<()> {
        let key = self.number(width)?;
        self.stack.push(*self.memo.get(&key).ok_or("its memo lacks an object")?);
        Ok(())
    }

    fn extend_by(&mut self, n: usize) -> Result<()> {
        let items = self.topmost(n)?;
        self.extend(items)
    }

    /// Puts items, or keys and values in turn, into the collection on the stack.
    fn extend(&mut self, items: Vec<Id>) -> Result<()> {
        let collection = self.top()?;
        match &mut self.objects[collection] {
            Object::Items(all) => all.extend(items),
            Object::Dict(all) => all.extend(pairs(&items)),
            _ => {} // an object of a class of its own
        }
        Ok(())
    }

    fn global_on_the_stack(&mut self) -> Result<Object> {
        let [name, module] = [self.pop()?, self.pop()?];
        match (&self.objects[module], &self.objects[name]) {
            (Object::Text(module), Object::Text(name)) => {
                Ok(Object::Global(format!("{module}.{name}")))
            }
            _ => Err("a class has no name".into()),
        }
    }

    /// Nothing is called, but a dictionary that remembers its order is a dictionary.
    fn call(&mut self) -> Result<Object> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let dictionaries = ["collections.OrderedDict", "collections.defaultdict"];
        Ok(match &self.objects[function] {
            Object::Global(name) if dictionaries.contains(&name.as_str()) => Object::Dict(vec![]),
            _ => Object::Call(function, arguments),
        })
    }
}

fn text(bytes: &[u8]) -> Object {
    Object::Text(String::from_utf8_lossy(bytes).into())
}

/// A number that may be negative. One of more than 64 bits is no size of anything.
fn signed(bytes: &[u8]) -> Object {
    let is_negative = bytes.last().is_some_and(|&byte| byte >= 0x80);
    let mut wide = [if is_negative { 0xff } else { 0 }; 8];
    let Some(low) = wide.get_mut(..bytes.len()) else {
        return Object::Other;
    };
    low.copy_from_slice(bytes);
    Object::Int(i64::from_le_bytes(wide))
}

fn pairs(items: &[Id]) -> Vec<(Id, Id)> {
    items.chunks_exact(2).map(|two| (two[0], two[1])).collect()
}
