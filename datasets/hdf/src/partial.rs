//! A file written under another name and published when it is complete.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use hdf5::plist::file_access::FileAccessBuilder;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// Access to a file of whose data nothing waits in memory to be written.
///
/// What waits is written when its dataset is closed. If the disk is full then, the library leaves a dataset that is neither open
/// nor closed, and crashes when the file is closed; so data are to fail when they are written. Whoever writes whole chunks, or
/// many at a time, loses nothing by it.
pub fn unbuffered(access: &mut FileAccessBuilder) -> &mut FileAccessBuilder {
    access.chunk_cache(0, 0, 0.0).sieve_buf_size(0)
}

/// A file under its `.partial` name; it is removed unless it gets published.
///
/// Whoever writes [`Partial::place`] and then calls [`Partial::publish`] replaces a file as a whole: a kill at any moment
/// leaves the old one or the new one.
#[derive(Debug)]
pub struct Partial {
    path: PathBuf,
    partial: PathBuf,
    published: bool,
}

impl Partial {
    /// Nothing yet; the file will be called `path`.
    pub fn new(path: &Path) -> Self {
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        Self {
            path: path.to_owned(),
            partial: name.into(),
            published: false,
        }
    }

    /// What the file will be called.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where to write.
    pub fn place(&self) -> &Path {
        &self.partial
    }

    /// Creates an HDF5 file there, which is written [`unbuffered`].
    ///
    /// # Errors
    /// The library's.
    pub fn create(&self) -> hdf5::Result<hdf5::File> {
        let mut options = hdf5::File::with_options();
        unbuffered(options.access_plist());
        options.create(&self.partial)
    }

    /// Takes the room on the disk that the file will need by its length, where it has holes: whoever writes into them later
    /// finds no full disk. File systems that cannot reserve room are left as they are.
    ///
    /// # Errors
    /// The system's, if there is not so much room.
    pub fn reserve(&self) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(&self.partial)?;
        let length = file.metadata()?.len();
        if length == 0 {
            return Ok(());
        }
        match fallocate(&file, FallocateFlags::empty(), 0, length) {
            // One error for two names on Linux, two elsewhere.
            Err(error) if [Errno::OPNOTSUPP, Errno::NOTSUP, Errno::NOSYS].contains(&error) => {
                Ok(())
            }
            reserved => Ok(reserved?),
        }
    }

    /// Gives the file its name, in place of whatever has it, for good: file and folder are synchronised.
    ///
    /// # Errors
    /// Those of [`rheome_atomic::publish`].
    pub fn publish(mut self) -> io::Result<()> {
        rheome_atomic::publish(&self.partial, &self.path)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.published {
            // Nothing is lost if this fails: the next attempt replaces the file.
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_file_stays_until_the_new_one_is_published() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5");
        std::fs::write(&path, "old").unwrap();
        let abandoned = Partial::new(&path);
        std::fs::write(abandoned.place(), "half").unwrap();
        drop(abandoned);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");

        let partial = Partial::new(&path);
        std::fs::write(partial.place(), "new").unwrap();
        partial.publish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn holes_are_filled() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let partial = Partial::new(&folder.path().join("a.h5"));
        let file = std::fs::File::create(partial.place()).unwrap();
        file.set_len(1 << 20).unwrap();
        let taken = || std::fs::metadata(partial.place()).unwrap().blocks() * 512;
        assert!(taken() < 1 << 20);
        partial.reserve().unwrap();
        assert!(taken() >= 1 << 20, "{} bytes are taken", taken());
        assert_eq!(std::fs::metadata(partial.place()).unwrap().len(), 1 << 20);
    }

    #[test]
    fn nothing_written_is_nothing_to_publish() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Partial::new(&folder.path().join("a")).publish().is_err());
    }
}
