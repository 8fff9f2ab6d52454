//! A small DNS server for one test: TXT records by name, over UDP on loopback. Own file, standard library only, because it knows
//! nothing of mail. INVARIANT: what was not put down does not exist; it ends with the test's process.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};

/// What the server knows.
#[derive(Debug, Default)]
struct Zone {
    texts: BTreeMap<String, String>,
    asked: Vec<String>,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Dns {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

impl Dns {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
        let address = socket.local_addr().expect("an address");
        let zone = Arc::new(Mutex::new(Zone::default()));
        let shared = Arc::clone(&zone);
        std::thread::spawn(move || {
            let mut room = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut room) {
                let mut zone = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(answer) = zone.answer(&room[..length]) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self { address, zone }
    }

    /// Puts a TXT record down.
    pub(crate) fn put(&self, name: &str, text: &str) {
        self.zone().texts.insert(name.to_lowercase(), text.to_owned());
    }

    /// The names that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.zone().asked.clone()
    }

    fn zone(&self) -> std::sync::MutexGuard<'_, Zone> {
        self.zone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Zone {
    /// RFC 1035 section 4.1: the header, the question again, and one record or none. `None`: no answer.
    fn answer(&mut self, query: &[u8]) -> Option<Vec<u8>> {
        let (mut name, mut at) = (Vec::new(), 12);
        loop {
            let length = usize::from(*query.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            name.push(String::from_utf8_lossy(query.get(at..at + length)?).to_lowercase());
            at += length;
        }
        let (name, question) = (name.join("."), query.get(12..at + 4)?);
        self.asked.push(name.clone());
        let is_text = question.ends_with(&[0, 16, 0, 1]);
        let text = self.texts.get(&name).filter(|_| is_text);
        // A response, recursion available; no error, or no such name.
        let code = if self.texts.contains_key(&name) { 0 } else { 3 };
        let mut answer = [&query[..2], &[0x81, 0x80 | code, 0, 1, 0, u8::from(text.is_some()), 0, 0, 0, 0]].concat();
        answer.extend_from_slice(question);
        if let Some(text) = text {
            // The name of the question, TXT, IN, one minute; the text in strings of at most 255 bytes.
            answer.extend_from_slice(&[0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
            let strings: Vec<u8> =
                text.as_bytes().chunks(255).flat_map(|part| [&[part.len() as u8], part].concat()).collect();
            answer.extend_from_slice(&u16::try_from(strings.len()).ok()?.to_be_bytes());
            answer.extend_from_slice(&strings);
        }
        Some(answer)
    }
}
