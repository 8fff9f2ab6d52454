//! The csv_drop source.
