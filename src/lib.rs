//! OpsPilot.
