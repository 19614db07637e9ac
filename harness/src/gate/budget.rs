//! How much one attempt may cost: time, and turns of the executor.
//!
//! Under a paused clock time stands still while anything is ready to run, so that a gate which wakes itself for ever would
//! never run out of time. It runs out of turns.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// A future that gives up after so many polls.
pub(super) struct Turns<F> {
    future: Pin<Box<F>>,
    left: u64,
}

/// The polls are used up.
#[derive(Debug)]
pub(super) struct OutOfTurns;

impl<F: Future> Turns<F> {
    pub(super) fn new(future: F, turns: u64) -> Self {
        Self { future: Box::pin(future), left: turns }
    }
}

impl<F: Future> Future for Turns<F> {
    type Output = Result<F::Output, OutOfTurns>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(left) = self.left.checked_sub(1) else { return Poll::Ready(Err(OutOfTurns)) };
        self.left = left;
        self.future.as_mut().poll(context).map(Ok)
    }
}
