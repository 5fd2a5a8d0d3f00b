//! Who may use whom, over what cargo says the packages really depend on.
//!
//! To move a boundary, change a table here, say why in the commit, and keep ARCHITECTURE.md true.
//! Dev-dependencies obey the first table (a test does not excuse an edge that knows the center) and are
//! free in the second and third.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

/// Package (by path) and the packages of ours it may name. `x/*` is all of a layer, `*` is all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("sdk/config", &[]),
    ("sdk/model", &[]),
    ("sdk/sketch", &["sdk/model"]),
    ("sdk/wire", &["sdk/model", "sdk/sketch"]),
    ("sdk/plan", &["sdk/model"]),
    ("sdk/analysis", &["sdk/model", "sdk/plan", "sdk/sketch"]),
    ("sdk/host", &["sdk/model"]),
    ("sdk/guest", &[]),
    ("sdk/rules", &["sdk/guest"]),
    ("sdk/tool", &["sdk/host", "sdk/model"]),
    ("edge/sessions", &["sdk/config", "sdk/model"]),
    ("edge/collect", &["sdk/config", "sdk/model"]),
    ("edge/rollup", &["sdk/model", "sdk/sketch"]),
    (
        "edge/history",
        &["sdk/config", "sdk/model", "sdk/sketch", "sdk/wire"],
    ),
    ("edge/ship", &["sdk/config", "sdk/model", "sdk/wire"]),
    ("edge/guard", &["sdk/config", "sdk/model"]),
    ("edge/node", &["edge/*", "sdk/*"]),
    ("center/receive", &["sdk/config", "sdk/model", "sdk/wire"]),
    ("center/control", &["sdk/config", "sdk/model", "sdk/plan"]),
    (
        "center/history",
        &["sdk/config", "sdk/model", "sdk/sketch", "sdk/wire"],
    ),
    (
        "center/ask",
        &[
            "sdk/model",
            "sdk/sketch",
            "sdk/plan",
            "sdk/analysis",
            "center/history",
        ],
    ),
    (
        "center/dashboard",
        &["sdk/config", "sdk/model", "sdk/plan", "center/*"],
    ),
    ("center/node", &["center/*", "sdk/*"]),
    ("plugins/*", &["sdk/guest", "sdk/rules"]),
    ("deploy/demo", &["*"]),
    ("tests", &["*"]),
    ("tests/xtask", &[]),
];

/// External crate and the only packages that may name it. `deploy` and `tests` are free.
const ONLY: &[(&str, &[&str])] = &[
    ("toml", &["sdk/config"]),
    ("hyperloglogplus", &["sdk/sketch"]),
    ("postcard", &["sdk/wire", "sdk/sketch", "edge/history"]),
    ("wasmtime", &["sdk/host"]),
    ("wit-bindgen", &["sdk/guest"]),
    ("tonic", &["edge/collect"]),
    ("opentelemetry-proto", &["edge/collect"]),
    ("sysinfo", &["edge/collect"]),
    // The road's two ends keep orders, apart from the bulk of either side's history.
    (
        "sled",
        &[
            "edge/sessions",
            "edge/history",
            "edge/guard",
            "edge/ship",
            "center/control",
            "center/history",
            "center/receive",
        ],
    ),
    ("quinn", &["edge/ship", "center/receive"]),
    // The center signs, an edge makes its own key.
    ("rcgen", &["center/receive", "edge/ship"]),
    ("axum", &["edge/collect", "edge/node", "center/dashboard"]),
    ("async-openai", &["center/ask"]),
    ("rmcp", &["center/ask"]),
    ("clap", &["edge/node", "center/node", "sdk/tool"]),
    ("tracing-subscriber", &["edge/node", "center/node"]),
];

/// What no package of `sdk` names: nothing there runs tasks, opens sockets or files, or reads a clock.
const NEVER_IN_SDK: &[&str] = &[
    "tokio",
    "tokio-util",
    "sled",
    "quinn",
    "rustls",
    "axum",
    "tonic",
    "hyper",
    "reqwest",
    "sysinfo",
];

/// A package and what its manifest names.
struct Package {
    path: String,
    uses: Vec<Dependency>,
}

struct Dependency {
    /// Path of a package of ours, or the name of an external crate.
    name: String,
    ours: bool,
    dev: bool,
}

#[test]
fn every_package_stays_within_its_layer() {
    let faults = faults(&workspace().unwrap());
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn no_row_outlives_its_package() {
    let packages = workspace().unwrap();
    let stale: Vec<_> = MAY_USE
        .iter()
        .filter(|(path, _)| !packages.iter().any(|p| covers(path, &p.path)))
        .collect();
    assert!(stale.is_empty(), "rows without a package: {stale:?}");
}

#[test]
fn forbidden_dependencies_are_reported() {
    let package = |path: &str, uses: &[&str]| Package {
        path: path.to_owned(),
        uses: uses
            .iter()
            .map(|name| Dependency {
                name: (*name).to_owned(),
                ours: name.contains('/'),
                dev: false,
            })
            .collect(),
    };
    let reported = faults(&[
        package("edge/ship", &["sdk/wire", "center/receive", "quinn"]),
        package("center/ask", &["edge/history", "sled"]),
        package("sdk/wire", &["tokio", "postcard", "serde"]),
        package("edge/novel", &[]),
        package("deploy/demo", &["edge/node", "clap"]),
    ]);
    assert_eq!(
        reported,
        [
            "edge/ship must not use center/receive",
            "center/ask must not use edge/history",
            "center/ask must not name sled: only edge/sessions, edge/history, edge/guard, edge/ship, center/control, center/history, center/receive may",
            "sdk/wire must not name tokio: nothing in sdk does",
            "edge/novel is not in the table of layers",
        ]
    );
}

#[test]
fn a_dev_dependency_may_name_a_foreign_crate_but_not_cross_from_edge_to_center() {
    let dev = |name: &str, ours| Dependency {
        name: name.to_owned(),
        ours,
        dev: true,
    };
    let uses = vec![dev("rcgen", false), dev("center/receive", true)];
    let reported = faults(&[Package {
        path: "edge/ship".to_owned(),
        uses,
    }]);
    assert_eq!(reported, ["edge/ship must not use center/receive"]);
}

fn faults(packages: &[Package]) -> Vec<String> {
    packages.iter().flat_map(faults_of).collect()
}

fn faults_of(package: &Package) -> Vec<String> {
    let path = package.path.as_str();
    let Some((_, may_use)) = MAY_USE.iter().find(|(row, _)| covers(row, path)) else {
        return vec![format!("{path} is not in the table of layers")];
    };
    let (ours, foreign): (Vec<_>, Vec<_>) =
        package.uses.iter().partition(|dependency| dependency.ours);
    let crossings = ours
        .iter()
        .filter(|dependency| {
            !may_use
                .iter()
                .any(|allowed| covers(allowed, &dependency.name))
        })
        .map(|dependency| format!("{path} must not use {}", dependency.name));
    let names = foreign
        .iter()
        .filter(|dependency| !dependency.dev)
        .filter_map(|dependency| foreign_fault(path, &dependency.name));
    crossings.chain(names).collect()
}

fn covers(allowed: &str, path: &str) -> bool {
    match allowed.strip_suffix('*') {
        Some(layer) => path.starts_with(layer),
        None => allowed == path,
    }
}

fn foreign_fault(path: &str, name: &str) -> Option<String> {
    let layer = path.split('/').next().unwrap_or(path);
    if layer == "sdk" && NEVER_IN_SDK.contains(&name) {
        return Some(format!("{path} must not name {name}: nothing in sdk does"));
    }
    let (_, owners) = ONLY.iter().find(|(row, _)| *row == name)?;
    let free = ["deploy", "tests"].contains(&layer) || owners.contains(&path);
    (!free).then(|| {
        format!(
            "{path} must not name {name}: only {} may",
            owners.join(", ")
        )
    })
}

/// Every package of the workspace, in cargo's order.
fn workspace() -> Result<Vec<Package>> {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .exec()?;
    let mut paths = BTreeMap::new();
    for package in &metadata.packages {
        let folder = package
            .manifest_path
            .parent()
            .context("a manifest is in a folder")?;
        let path = folder.strip_prefix(&metadata.workspace_root)?;
        paths.insert(package.name.as_str(), path.to_string());
    }
    let named = |dependency: &cargo_metadata::Dependency| {
        let dev = dependency.kind == DependencyKind::Development;
        match paths.get(dependency.name.as_str()) {
            Some(path) => Dependency {
                name: path.clone(),
                ours: true,
                dev,
            },
            None => Dependency {
                name: dependency.name.clone(),
                ours: false,
                dev,
            },
        }
    };
    let packages = metadata.packages.iter().map(|package| Package {
        path: paths
            .get(package.name.as_str())
            .cloned()
            .unwrap_or_default(),
        uses: package.dependencies.iter().map(named).collect(),
    });
    Ok(packages.collect())
}
