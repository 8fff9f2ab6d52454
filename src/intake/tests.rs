//! Intake: what becomes of an envelope.
