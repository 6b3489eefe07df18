//! Stories over HTTP, and what holds for the code base as a whole.

mod harness;
mod openapi;
mod tidy;
