//! A file written under another name and published when it is complete.

use std::io;
use std::path::{Path, PathBuf};

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

    /// Gives the file its name, in place of whatever has it.
    ///
    /// # Errors
    /// The system's; then the old file is untouched.
    pub fn publish(mut self) -> io::Result<()> {
        std::fs::File::open(&self.partial)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&self.partial, &self.path))?;
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
    fn nothing_written_is_nothing_to_publish() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Partial::new(&folder.path().join("a")).publish().is_err());
    }
}
