//! The tree against the definition of RFC 6962, 2.1, written down naively.

use crate::receipt::proof::{inclusion_root, verify_consistency, verify_inclusion};
use crate::receipt::tree::{empty_root, leaf_hash, node_hash};
use crate::receipt::{Frontier, Hash, Prover};
use proptest::prelude::*;

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

fn split(count: usize) -> usize {
    let mut width = 1;
    while width * 2 < count {
        width *= 2;
    }
    width
}

/// MTH of RFC 6962, 2.1.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        more => {
            let (left, right) = more.split_at(split(more.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// PATH of RFC 6962, 2.1.1.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut inner, other) =
        if index < left.len() { (path(index, left), right) } else { (path(index - left.len(), right), left) };
    inner.push(root(other));
    inner
}

/// SUBPROOF of RFC 6962, 2.1.2.
fn subproof(old: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if known { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut inner, other) = if old <= left.len() {
        (subproof(old, left, known), right)
    } else {
        (subproof(old - left.len(), right, false), left)
    };
    inner.push(root(other));
    inner
}

#[test]
fn the_frontier_is_the_naive_tree_at_every_size() {
    let all = leaves(130);
    let mut frontier = Frontier::new();
    assert_eq!(frontier.root(), root(&[]));
    for (at, leaf) in all.iter().enumerate() {
        frontier.append(*leaf);
        assert_eq!(frontier.root(), root(&all[..=at]), "size {}", at + 1);
        let read = Frontier::from_bytes(&frontier.to_bytes()).unwrap();
        assert_eq!(read, frontier);
    }
}

#[test]
fn frontier_bytes_that_do_not_fit_are_refused() {
    let mut frontier = Frontier::new();
    leaves(7).into_iter().for_each(|leaf| frontier.append(leaf));
    let bytes = frontier.to_bytes();
    assert_eq!(bytes.len(), 8 + 3 * 32);
    assert!(Frontier::from_bytes(&bytes[..bytes.len() - 1]).is_none());
    assert!(Frontier::from_bytes(&bytes[..8 + 64]).is_none());
    assert!(Frontier::from_bytes(&[]).is_none());
    assert_eq!(Frontier::from_bytes(&[0; 8]).unwrap().root(), empty_root());
}

#[test]
fn every_proof_of_every_small_tree_is_the_defined_one() {
    for size in 1..=40_u64 {
        let all = leaves(size);
        let indexes: Vec<u64> = (0..size).collect();
        let earlier: Vec<u64> = (1..=size).collect();
        let mut prover = Prover::new(size, &indexes, &earlier);
        all.iter().for_each(|leaf| prover.push(*leaf));
        for index in indexes {
            let at = usize::try_from(index).unwrap();
            let made = prover.inclusion(index).unwrap();
            assert_eq!(made, path(at, &all), "leaf {index} of {size}");
            assert!(verify_inclusion(index, size, &all[at], &made, &root(&all)));
        }
        for old in earlier {
            let at = usize::try_from(old).unwrap();
            let made = prover.consistency(old).unwrap();
            assert_eq!(made, subproof(at, &all, true), "from {old} to {size}");
            assert!(verify_consistency(old, size, &root(&all[..at]), &root(&all), &made));
        }
        assert_eq!(prover.inclusion(size), None);
        assert_eq!(prover.consistency(0), None);
    }
}

#[test]
fn a_path_of_the_wrong_length_leads_nowhere() {
    let all = leaves(6);
    let mut prover = Prover::new(6, &[2], &[]);
    all.iter().for_each(|leaf| prover.push(*leaf));
    let path = prover.inclusion(2).unwrap();
    assert_eq!(inclusion_root(2, 6, &all[2], &path), Some(prover.root()));
    assert_eq!(inclusion_root(2, 6, &all[2], &path[1..]), None);
    assert_eq!(inclusion_root(2, 6, &all[2], &[&path[..], &path[..1]].concat()), None);
    assert!(verify_consistency(6, 6, &prover.root(), &prover.root(), &[]));
    assert!(!verify_consistency(6, 6, &prover.root(), &prover.root(), &path));
}

#[test]
fn nothing_is_proven_of_an_unfinished_walk() {
    let mut prover = Prover::new(8, &[3], &[]);
    leaves(7).into_iter().for_each(|leaf| prover.push(leaf));
    assert_eq!(prover.inclusion(3), None);
    prover.push(leaf_hash(b"last"));
    assert!(prover.inclusion(3).is_some());
    assert_eq!(prover.inclusion(4), None, "not asked for: its sibling path was not kept");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_changed_proof_proves_nothing(size in 2_u64..300, pick in any::<u64>(), place in any::<usize>(), bit in 0_u8..8) {
        let all = leaves(size);
        let index = pick % size;
        let old = 1 + pick % (size - 1);
        let mut prover = Prover::new(size, &[index], &[old]);
        all.iter().for_each(|leaf| prover.push(*leaf));
        let whole = prover.root();
        let leaf = all[usize::try_from(index).unwrap()];
        let mut changed = prover.inclusion(index).unwrap();
        prop_assert!(verify_inclusion(index, size, &leaf, &changed, &whole));
        let at = place % changed.len();
        changed[at][place % 32] ^= 1 << bit;
        prop_assert!(!verify_inclusion(index, size, &leaf, &changed, &whole));
        let beginning = root(&all[..usize::try_from(old).unwrap()]);
        let mut changed = prover.consistency(old).unwrap();
        prop_assert!(verify_consistency(old, size, &beginning, &whole, &changed));
        let at = place % changed.len();
        changed[at][place % 32] ^= 1 << bit;
        prop_assert!(!verify_consistency(old, size, &beginning, &whole, &changed));
        prop_assert!(!verify_consistency(old, size, &whole, &beginning, &changed));
    }
}
