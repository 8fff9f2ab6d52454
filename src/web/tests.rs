//! Tests of the web over real sockets.
