//! How files are opened to be read: by HDF5's own driver for files on a disk, behind which every heap of texts is looked at before
//! the library has it.
//!
//! A file that is damaged in one of its heaps can make HDF5 2.2.0 loop for ever (`heaps.rs`). No check before the file is opened
//! would know where its heaps are; the driver sees every byte that the library reads. It is a copy of the library's table of
//! functions for such files ("sec2") with two other entries: [`read`] and [`query`]. What it does not name, it does as the library
//! does: messages, locks, what is told apart as another file.
//!
//! A heap is asked for as raw data are, in a read of 4096 bytes (`H5F_block_read`, `H5HG__cache_heap_get_initial_load_size`), past
//! the library's caches of pages and metadata, and its end in a second read. Raw data are taken for a heap if 4096 bytes of them that
//! are read at once are the beginning of a heap that would make the library loop: a copy of a damaged HDF5 file, stored as numbers.
#![allow(
    unsafe_code,
    reason = "a driver of the library's, which the hdf5 crate has no way to make"
)]

mod heaps;

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_ulong, c_void};
use std::path::Path;
use std::ptr;
use std::sync::OnceLock;

use hdf5::file::FileAccess;

use heaps::{Lengths, SHORTEST, begins_heap};

// From hdf5, which the hdf5 crate links: H5FDdevelop.h, H5Fpublic.h, H5Ppublic.h, H5Epublic.h, H5Epubgen.h of HDF5 2.2.0.
unsafe extern "C" {
    fn H5FDopen(name: *const c_char, flags: c_uint, access: i64, most: u64) -> *mut OpenFile;
    fn H5FDclose(file: *mut OpenFile) -> c_int;
    fn H5FDregister(class: *const Class) -> i64;
    fn H5Pset_driver(access: i64, driver: i64, of_driver: *const c_void) -> c_int;
    fn H5Fopen(name: *const c_char, flags: c_uint, access: i64) -> i64;
    fn H5Epush2(
        stack: i64,
        file: *const c_char,
        function: *const c_char,
        line: c_uint,
        class: i64,
        major: i64,
        minor: i64,
        message: *const c_char,
        ...
    ) -> c_int;
    static H5E_ERR_CLS_g: i64;
    static H5E_HEAP_g: i64;
    static H5E_BADVALUE_g: i64;
}

/// A function of a driver that is only handed on.
type Function = Option<unsafe extern "C" fn()>;
type Query = unsafe extern "C" fn(*const OpenFile, *mut c_ulong) -> c_int;
type GetEoa = unsafe extern "C" fn(*const OpenFile, c_int) -> u64;
type Read = unsafe extern "C" fn(*mut OpenFile, c_int, i64, u64, usize, *mut c_void) -> c_int;

/// `H5FD_class_t`: a driver.
#[repr(C)]
#[derive(Clone, Copy)]
struct Class {
    version: c_uint,
    value: c_int,
    name: *const c_char,
    most: u64,
    close_degree: c_int,
    terminate: Function,
    superblock: [Function; 3],
    access_size: usize,
    access: [Function; 3],
    transfer_size: usize,
    transfer: [Function; 2],
    open: Function,
    close: Function,
    compare: Function,
    query: Option<Query>,
    type_map: Function,
    allocate: Function,
    free: Function,
    get_eoa: Option<GetEoa>,
    set_eoa: Function,
    get_eof: Function,
    handle: Function,
    read: Option<Read>,
    write: Function,
    vectors: [Function; 2],
    selections: [Function; 2],
    flush: Function,
    truncate: Function,
    lock: Function,
    unlock: Function,
    delete: Function,
    control: Function,
    free_lists: [c_int; 7],
}

/// The beginning of `H5FD_t`: a file that a driver has opened, of whose own part nothing is known here.
#[repr(C)]
struct OpenFile {
    driver: i64,
    class: *const Class,
    number: c_ulong,
    access: c_uint,
    features: c_ulong,
    most: u64,
    /// Where HDF5's part of the file begins, behind what others have put before it.
    base: u64,
}

/// `H5FD_CLASS_VERSION`, which says what [`Class`] looks like.
const CLASS_VERSION: c_uint = 1;
/// `H5FD_FLMAP_DICHOTOMY`, the last entry of the driver's class: it is where it is expected.
const DICHOTOMY: [c_int; 7] = [
    SUPERBLOCK, SUPERBLOCK, SUPERBLOCK, RAW, RAW, SUPERBLOCK, SUPERBLOCK,
];
/// `H5FD_MEM_SUPER` and `H5FD_MEM_DRAW`: what is read.
const SUPERBLOCK: c_int = 1;
const RAW: c_int = 3;
/// `H5FD_FEAT_ACCUMULATE_METADATA`.
const ACCUMULATE: c_ulong = 0x2 | 0x4;
/// A number of those that the library leaves free (`H5FD_class_value_t`).
const OWN_VALUE: c_int = 511;
const FAIL: c_int = -1;

/// The driver, and what it calls of the library's.
struct Driver {
    id: i64,
    query: Query,
    get_eoa: GetEoa,
    read: Read,
}

static DRIVER: OnceLock<Driver> = OnceLock::new();

/// Opens an HDF5 file to be read, as `hdf5::File::open` does, and with its messages.
///
/// Damage in a heap of texts over which the library would loop for ever is an error of whatever is read of it; so it is in files
/// that this one links to.
///
/// A file that the same process still writes through the `hdf5` crate is another one to the library than this: close it before,
/// with all that is open in it.
///
/// # Errors
/// The library's.
pub fn open(path: impl AsRef<Path>) -> hdf5::Result<hdf5::File> {
    let path = path.as_ref();
    let name = path.to_str();
    let name = name.ok_or_else(|| format!("Invalid UTF-8 in file name: {}", path.display()))?;
    let name = CString::new(name).map_err(|_| format!("the name {name:?} holds NUL"))?;
    hdf5::sync::sync(|| {
        let driver = driver()?;
        let access = FileAccess::build().finish()?;
        // SAFETY: both handles are open; the driver takes no settings; the library's lock is held.
        hdf5::h5check(unsafe { H5Pset_driver(access.id(), driver.id, ptr::null()) })?;
        // SAFETY: the name ends with NUL, the handle is open; 0 is H5F_ACC_RDONLY.
        let file = hdf5::h5check(unsafe { H5Fopen(name.as_ptr(), 0, access.id()) })?;
        // SAFETY: a handle that the library has just opened for us alone.
        unsafe { hdf5::from_id(file) }
    })
}

/// The driver, made when it is asked for first. The library's lock is held.
fn driver() -> hdf5::Result<&'static Driver> {
    if let Some(driver) = DRIVER.get() {
        return Ok(driver);
    }
    let mut class = library_driver()?;
    let (Some(query), Some(get_eoa), Some(read_file)) = (class.query, class.get_eoa, class.read)
    else {
        return Err("the library's driver for files is not what it was".into());
    };
    class.value = OWN_VALUE;
    class.name = c"rheome".as_ptr();
    class.query = Some(self::query);
    class.read = Some(self::read);
    // SAFETY: the class is of the layout that its version says (`library_driver`), and copied; its name lives for ever.
    let id = hdf5::h5check(unsafe { H5FDregister(&class) })?;
    Ok(DRIVER.get_or_init(|| Driver {
        id,
        query,
        get_eoa,
        read: read_file,
    }))
}

/// The library's own driver for files on a disk, as it is found at any file. The library's lock is held.
fn library_driver() -> hdf5::Result<Class> {
    let access = FileAccess::build().sec2().finish()?;
    // SAFETY: the name ends with NUL, the handle is open; 0 is H5F_ACC_RDONLY, the last number HADDR_UNDEF.
    let file = unsafe { H5FDopen(c"/dev/null".as_ptr(), 0, access.id(), u64::MAX) };
    if file.is_null() {
        return Err(hdf5::Error::query()?);
    }
    // SAFETY: an open file names its driver, whose version comes first and says whether the rest is as we know it.
    let class = unsafe {
        let class = (*file).class;
        let known = (*class).version == CLASS_VERSION;
        known.then(|| *class)
    };
    // SAFETY: the file is open, and nobody else knows of it.
    hdf5::h5check(unsafe { H5FDclose(file) })?;
    class
        .filter(|class| class.free_lists == DICHOTOMY)
        .ok_or_else(|| "the library's driver for files is not what it was".into())
}

/// Tells the library what the driver can do: all that the library's own can, but metadata are not gathered to be written at once.
/// Nothing is written, and a cache that was saved with a file would be read in pieces.
unsafe extern "C" fn query(file: *const OpenFile, features: *mut c_ulong) -> c_int {
    let Some(driver) = DRIVER.get() else {
        return FAIL;
    };
    // SAFETY: with what the library has called us with.
    let status = unsafe { (driver.query)(file, features) };
    if !features.is_null() {
        // SAFETY: the library gives room for a number, which its own function has set.
        unsafe { *features &= !ACCUMULATE };
    }
    status
}

/// Reads as the library does, and fails for a heap that it would never come to the end of.
unsafe extern "C" fn read(
    file: *mut OpenFile,
    kind: c_int,
    transfer: i64,
    address: u64,
    size: usize,
    buffer: *mut c_void,
) -> c_int {
    let Some(driver) = DRIVER.get() else {
        return FAIL;
    };
    // SAFETY: with what the library has called us with.
    let status = unsafe { (driver.read)(file, kind, transfer, address, size, buffer) };
    if status < 0 {
        return status;
    }
    // SAFETY: the library gives room for `size` bytes, which its own function has set.
    let start = unsafe { std::slice::from_raw_parts(buffer.cast_const().cast::<u8>(), size) };
    let is_heap = kind == RAW && size == SHORTEST && begins_heap(start);
    let is_cache = kind == SUPERBLOCK && start.starts_with(b"MDCI");
    if !is_heap && !is_cache {
        return status;
    }
    let more = |from: u64, into: &mut [u8]| {
        let (into, size) = (into.as_mut_ptr().cast(), into.len());
        // SAFETY: as above, into a buffer of our own.
        0 <= unsafe { (driver.read)(file, kind, transfer, from, size, into) }
    };
    // SAFETY: the library's file, which is open; nothing changes it while we read.
    let (base, end) = unsafe { ((*file).base, (driver.get_eoa)(file, kind)) };
    let fault = match is_heap {
        true => heap_fault(start, address, base, end, more),
        false => cache_fault(start, base, more),
    };
    match fault {
        None => status,
        Some(fault) => fail(fault),
    }
}

/// Puts a fault where the library's errors are, first of all.
fn fail(fault: Fault) -> c_int {
    // SAFETY: all texts end with NUL, and there is nothing in the message to be filled in; the numbers are those of the library's
    // errors, which it has set when it was loaded; 0 is H5E_DEFAULT. The library has called us, so that its lock is held.
    unsafe {
        H5Epush2(
            0,
            c"driver.rs".as_ptr(),
            c"read".as_ptr(),
            line!(),
            H5E_ERR_CLS_g,
            H5E_HEAP_g,
            H5E_BADVALUE_g,
            fault.as_ptr(),
        );
    }
    FAIL
}

/// What is wrong, as it is told.
type Fault = &'static CStr;

const ENDLESS: Fault = c"damaged heap of texts: an object of no length";
const UNREAD: Fault = c"a heap of texts cannot be read to its end";

/// What is wrong with the heap that begins with `start` at `address`, of a file whose own part is from `base` to `end`; `more` reads.
fn heap_fault(
    start: &[u8],
    address: u64,
    base: u64,
    end: u64,
    more: impl Fn(u64, &mut [u8]) -> bool,
) -> Option<Fault> {
    let lengths = lengths(base, &more)?;
    let length = lengths.of_heap(start)?;
    // What would be longer than the file is refused by the library before it reads on.
    if address.checked_add(length)? > end {
        return None;
    }
    let behind = length as usize - start.len();
    if behind == 0 {
        return lengths.is_endless(start, length).then_some(ENDLESS);
    }
    let mut heap = Vec::new();
    if heap.try_reserve_exact(start.len() + behind).is_err() {
        return Some(UNREAD);
    }
    heap.extend_from_slice(start);
    heap.resize(start.len() + behind, 0);
    if !more(address + start.len() as u64, &mut heap[start.len()..]) {
        return Some(UNREAD);
    }
    lengths.is_endless(&heap, length).then_some(ENDLESS)
}

/// What is wrong with the heaps in a saved cache.
fn cache_fault(cache: &[u8], base: u64, more: impl Fn(u64, &mut [u8]) -> bool) -> Option<Fault> {
    let endless = lengths(base, &more)?.has_endless(cache);
    endless.then_some(ENDLESS)
}

/// How lengths are stored in the file whose superblock is at `base`.
fn lengths(base: u64, more: &impl Fn(u64, &mut [u8]) -> bool) -> Option<Lengths> {
    let mut superblock = [0; 16];
    let read = more(base, &mut superblock);
    read.then(|| Lengths::of(&superblock)).flatten()
}

#[cfg(test)]
mod tests;
