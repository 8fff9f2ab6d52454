//! A bad network: passes bytes on until it is told to misbehave. Own file because it knows nothing of mail; threads, so that it goes on
//! whatever the test's own executor does.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// What happens to what the server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Pass,
    /// Each connection ends after so many bytes.
    Cut(usize),
    /// Nothing comes through, nothing ends.
    Mute,
    /// Connections are accepted and ended at once.
    Refuse,
}

#[derive(Debug)]
struct State {
    mode: Mutex<Mode>,
    changed: Condvar,
    accepted: Mutex<usize>,
}

/// A port before another one. Its threads end with the connections; the listener ends with the test.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    state: Arc<State>,
}

impl Proxy {
    /// Listens on `address` and passes on to `target` on loopback.
    pub(crate) fn start(address: &str, target: u16) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State { mode: Mutex::new(Mode::Pass), changed: Condvar::new(), accepted: Mutex::new(0) });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                *shared.accepted.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                if shared.mode() == Mode::Refuse {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else { continue };
                let (Ok(from_client), Ok(to_server)) = (client.try_clone(), server.try_clone()) else { continue };
                std::thread::spawn(move || up(from_client, to_server));
                let state = Arc::clone(&shared);
                std::thread::spawn(move || down(server, client, &state));
            }
        });
        Self { port, state }
    }

    pub(crate) fn set(&self, mode: Mode) {
        *self.state.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
        self.state.changed.notify_all();
    }

    pub(crate) fn accepted(&self) -> usize {
        *self.state.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn mode(&self) -> Mode {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mode, once it is not [`Mode::Mute`].
    fn loud(&self) -> Mode {
        let mut mode = self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        while *mode == Mode::Mute {
            mode = self.changed.wait(mode).unwrap_or_else(PoisonError::into_inner);
        }
        *mode
    }
}

fn up(mut from: TcpStream, mut to: TcpStream) {
    let mut piece = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        if to.write_all(&piece[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

fn down(mut from: TcpStream, mut to: TcpStream, state: &State) {
    let (mut piece, mut sent) = ([0; 16 * 1024], 0);
    while let Ok(count @ 1..) = from.read(&mut piece) {
        let end = match state.loud() {
            Mode::Cut(after) if sent + count >= after => after.saturating_sub(sent),
            Mode::Refuse => 0,
            _ => count,
        };
        if to.write_all(&piece[..end]).is_err() || end < count {
            break;
        }
        sent += count;
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
