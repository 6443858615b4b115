//! What the three applications share: common options, settings files, progress, and errors in one line.
