//! Tests of the receipt room.
