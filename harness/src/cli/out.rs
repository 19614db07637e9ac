//! Standard output, for readers who may have read enough.

use std::{
    fmt,
    io::{ErrorKind, Write as _},
};

/// Writes to standard output. Whoever closed it has read enough: that is no error, and the work goes on.
pub(super) fn write(text: fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    match out.write_fmt(text).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            eprintln!("error: standard output: {error}");
            std::process::exit(2);
        }
    }
}

macro_rules! say {
    ($($text:tt)*) => { $crate::cli::out::write(format_args!($($text)*)) };
}

macro_rules! say_line {
    () => { $crate::cli::out::write(format_args!("\n")) };
    ($($text:tt)*) => { $crate::cli::out::write(format_args!("{}\n", format_args!($($text)*))) };
}

pub(super) use {say, say_line};
