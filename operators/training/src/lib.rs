//! Optimiser steps, schedules, checkpoints and metrics, whatever the model family.
