//! Disks that are full.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::{folder, root};

/// A command whose files may be no longer than `kib` KiB: the system refuses to write more, as a full disk does.
pub fn with_short_files(command: &Command, kib: u64) -> Command {
    let mut limited = Command::new("bash");
    let line = "trap '' XFSZ; ulimit -f $1; shift; exec \"$@\"";
    limited.args(["-c", line, "bash", &kib.to_string()]);
    limited.arg(command.get_program()).args(command.get_args());
    limited.current_dir(root());
    limited
}

/// A small file system in memory, which goes away with the test.
#[derive(Debug)]
pub struct SmallDisk {
    mounted: TempDir,
}

impl SmallDisk {
    /// One of `kib` KiB; none where it cannot be mounted, which takes root.
    pub fn mount(kib: u64) -> Option<Self> {
        let mounted = folder();
        let size = format!("size={kib}k");
        let mut mount = std::process::Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(mounted.path());
        match mount.output() {
            Ok(output) if output.status.success() => Some(Self { mounted }),
            _ => {
                eprintln!("SKIPPED: no small disk, mounting one takes root");
                None
            }
        }
    }

    /// A place on it.
    pub fn path(&self, name: &str) -> PathBuf {
        Path::new(self.mounted.path()).join(name)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut unmount = std::process::Command::new("umount");
        let _ = unmount.arg("-l").arg(self.mounted.path()).status();
    }
}
