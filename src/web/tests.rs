//! Tests of the web: the real router on a real socket, over a real store, with the real webhook source and engine behind it.

mod client;
mod connections;
mod desk;
mod door;
mod headers;
mod house;
mod interface;
mod keys;
mod leaks;
mod letters;
mod limits;
mod meanwhile;
mod page_of_brief;
mod plans;
mod queue;
mod ready;
mod road;
mod seat;
mod sign_in;
mod writes;
mod writing;
