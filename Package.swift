// swift-tools-version: 6.2
import PackageDescription

/// `PLIMSOLL_STRICT=1` (set by Deploy/test.sh) makes every warning an error.
let strict = Context.environment["PLIMSOLL_STRICT"] == "1"

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + (strict ? [.treatAllWarnings(as: .error)] : [])

/// Hot decoders and evidence are worth optimising in debug builds too: tests read large histories through them, and simulate many.
let optimised: [SwiftSetting] = settings + [.unsafeFlags(["-O"], .when(configuration: .debug))]

func product(_ name: String, _ package: String) -> Target.Dependency { .product(name: name, package: package) }
let log = product("Logging", "swift-log")
let metrics = product("Metrics", "swift-metrics")
let coreMetrics = product("CoreMetrics", "swift-metrics")
let lifecycle = product("ServiceLifecycle", "swift-service-lifecycle")
let signals = product("UnixSignals", "swift-service-lifecycle")
let deque = product("DequeModule", "swift-collections")
let heap = product("HeapModule", "swift-collections")

func room(_ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = settings) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.target(name: name), "TestSupport"] + dependencies, path: "Tests/\(name)Tests", exclude: exclude,
        swiftSettings: settings)
}

let package = Package(
    name: "plimsoll",
    products: [.executable(name: "plimsoll", targets: ["plimsoll"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // Rank 0: the C shims.
        .systemLibrary(name: "CCurl", path: "Sources/CCurl", pkgConfig: "libcurl"),
        .systemLibrary(name: "CYAML", path: "Sources/CYAML", pkgConfig: "yaml-0.1"),
        // Rank 1
        room("Values", ["CYAML"], settings: optimised),
        // Rank 2
        room("KubeModel", ["Values"]),
        room("PrometheusModel", ["Values"]),
        room("HTTPTransport", ["CCurl", deque, log]),
        // Rank 3
        room("PlimsollAPI", ["KubeModel", "Values"]),
        room("KubeClient", ["HTTPTransport", "KubeModel", "Values", coreMetrics, log]),
        room("PrometheusClient", ["HTTPTransport", "PrometheusModel", "Values"]),
        room("Notify", ["HTTPTransport", "Values"]),
        // Rank 4
        room("ServiceLevels", ["KubeModel", "PlimsollAPI", "PrometheusModel", "Values"]),
        room("Rollouts", ["KubeModel", "PlimsollAPI", "PrometheusModel", "Values"], settings: optimised),
        room("KubeRuntime", ["HTTPTransport", "KubeClient", "KubeModel", "Values", coreMetrics, deque, heap, log, signals]),
        // Rank 5
        room(
            "ServiceLevelsController",
            [
                "KubeClient", "KubeModel", "KubeRuntime", "Notify", "PlimsollAPI", "PrometheusClient", "PrometheusModel", "ServiceLevels", "Values",
                coreMetrics, log,
            ]),
        room(
            "RolloutsController",
            [
                "HTTPTransport", "KubeClient", "KubeModel", "KubeRuntime", "PlimsollAPI", "PrometheusClient", "PrometheusModel", "Rollouts", "Values",
                coreMetrics,
                log,
            ]),
        room(
            "Serving",
            [
                "Values", product("HTTPTypes", "swift-http-types"), product("Hummingbird", "hummingbird"), product("HummingbirdCore", "hummingbird"),
                product("NIOCore", "swift-nio"), product("NIOPosix", "swift-nio"), coreMetrics, lifecycle, log,
            ]),
        // Rank 6
        .executableTarget(
            name: "plimsoll",
            dependencies: [
                "HTTPTransport", "KubeClient", "KubeModel", "KubeRuntime", "Notify", "PlimsollAPI", "PrometheusClient", "PrometheusModel",
                "Rollouts", "RolloutsController", "ServiceLevels", "ServiceLevelsController", "Serving", "Values",
                product("ArgumentParser", "swift-argument-parser"), log, metrics, signals,
            ],
            swiftSettings: settings),
        // Tests
        .target(
            name: "TestSupport",
            dependencies: [
                "HTTPTransport", "KubeClient", "KubeModel", "KubeRuntime", "PlimsollAPI", "PrometheusModel", "ServiceLevels", "Values",
                product("NIOCore", "swift-nio"), product("NIOHTTP1", "swift-nio"), product("NIOPosix", "swift-nio"), heap, log,
            ], path: "Tests/TestSupport", swiftSettings: optimised),
        // In a container of its own: Deploy/cluster/build-sample-service.
        .executableTarget(name: "plimsoll-sample-service", path: "Tests/SampleService", swiftSettings: settings),
        .executableTarget(
            name: "plimsoll-soak",
            dependencies: ["KubeClient", "KubeModel", "PlimsollAPI", "PrometheusModel", "ServiceLevels", "TestSupport", "Values"],
            path: "Tests/Soak", swiftSettings: settings),
        .executableTarget(
            name: "plimsoll-bench", dependencies: ["PlimsollAPI", "Rollouts", "ServiceLevels", "TestSupport", "Values"],
            path: "Tests/Benchmarks", exclude: ["mutations.py", "slo.py"], swiftSettings: settings),
        .target(
            name: "FuzzReaders",
            dependencies: ["HTTPTransport", "KubeClient", "KubeModel", "Notify", "PlimsollAPI", "PrometheusClient", "PrometheusModel", "Values"],
            path: "Tests/Fuzz/Readers", swiftSettings: settings),
        tests("Values"),
        tests("KubeModel", ["Values"]),
        tests("PrometheusModel", ["Values"]),
        tests("HTTPTransport", ["CCurl"]),
        tests("PlimsollAPI", ["KubeModel", "Values"]),
        tests("KubeClient", ["HTTPTransport", "KubeModel", "Values", log]),
        tests("PrometheusClient", ["HTTPTransport", "PrometheusModel", "Values"]),
        tests("Notify", ["HTTPTransport", "Values"]),
        tests("ServiceLevels", ["KubeModel", "PlimsollAPI", "PrometheusModel", "Values"], exclude: ["Golden", "History"]),
        tests("Rollouts", ["KubeModel", "PlimsollAPI", "PrometheusModel", "Values"]),
        tests("RolloutsController", ["HTTPTransport", "KubeClient", "KubeModel", "KubeRuntime", "Rollouts", "Values"]),
        tests("KubeRuntime", ["HTTPTransport", "KubeClient", "KubeModel", "Values", log]),
        tests(
            "ServiceLevelsController",
            [
                "KubeClient", "KubeModel", "KubeRuntime", "Notify", "PlimsollAPI", "PrometheusClient", "PrometheusModel", "ServiceLevels", "Values",
                log,
            ]),
        tests("Serving", ["Values", coreMetrics, lifecycle, log]),
        .testTarget(
            name: "EndToEndTests", dependencies: ["HTTPTransport", "KubeClient", "KubeModel", "PlimsollAPI", "TestSupport", "Values"],
            path: "Tests/EndToEnd", swiftSettings: settings),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzReaders"], path: "Tests/Fuzz/Replay", swiftSettings: settings),
    ]
)

/// Deploy/soak.sh fuzz builds this with sanitizers, as an archive: libFuzzer brings the main program.
if Context.environment["PLIMSOLL_FUZZ"] == "1" {
    package.targets.append(
        .target(name: "FuzzEntry", dependencies: ["FuzzReaders"], path: "Tests/Fuzz/Entry", swiftSettings: settings))
    package.products.append(.library(name: "PlimsollFuzz", type: .static, targets: ["FuzzEntry"]))
}
