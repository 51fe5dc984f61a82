// swift-tools-version: 6.2
import PackageDescription

// Each room of docs/ARCHITECTURE.md is one target. The compiler holds the walls between them:
// a target imports only what is listed here (`--explicit-target-dependency-import-check error`),
// and each outside library is imported by one target.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "roost",
  products: [.executable(name: "roost", targets: ["roost"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .target(name: "JSON", swiftSettings: strict),
    .target(name: "CEL", dependencies: ["JSON"], swiftSettings: strict),
    .target(name: "Core", dependencies: ["JSON", "CEL", "CSodium"], swiftSettings: strict),
    // Reads .zip and .tar.gz files that anybody may have made; writes the latter.
    .target(name: "Archive", dependencies: ["CZlib"], swiftSettings: strict),
    .target(name: "Storage", dependencies: ["Core", "JSON", "CEL", "Archive", "CDisk", "CSQLite", "Migrations"], swiftSettings: strict),
    .target(name: "Functions", dependencies: ["Core", "JSON", "CEL", "CSpawn"], swiftSettings: strict),
    // Requests to servers that users name: vetted addresses, bounded answers.
    .target(
      name: "Outbound",
      dependencies: [
        "Core", .product(name: "AsyncHTTPClient", package: "async-http-client"), .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: strict),
    .target(
      name: "HTTPServer",
      dependencies: [
        "CZlib",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),
    .target(name: "API", dependencies: ["Core", "JSON", "CEL", "HTTPServer", "APIDescription"], swiftSettings: strict),
    // docs/api/openapi.json, compiled into the binary with #embed.
    .target(name: "APIDescription", path: "docs/api", exclude: ["openapi.json"], sources: ["openapi.c"], publicHeadersPath: "include"),
    .target(
      name: "RoostClient",
      dependencies: [
        "JSON", .product(name: "AsyncHTTPClient", package: "async-http-client"), .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: strict),
    // roost.yaml: what an app consists of, and the tests of its rules.
    .target(name: "AppFile", dependencies: ["Core", "JSON", "CYAML"], swiftSettings: strict),
    .executableTarget(
      name: "roost",
      dependencies: [
        "API", "Storage", "Functions", "Outbound", "HTTPServer", "AppFile", "Archive", "Core", "CEL", "JSON", "RoostClient",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ], swiftSettings: strict),

    // SQL text, compiled into the binary with #embed.
    .target(name: "Migrations", path: "migrations", exclude: [], sources: ["migrations.c"], publicHeadersPath: "include"),

    .systemLibrary(name: "CSQLite", path: "Sources/System/CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CZlib", path: "Sources/System/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CSodium", path: "Sources/System/CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    .systemLibrary(name: "CYAML", path: "Sources/System/CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CDisk", path: "Sources/System/CDisk"),
    .target(name: "CSpawn", path: "Sources/System/CSpawn"),

    // Measured by scripts/bench, and by hand.
    .executableTarget(
      name: "http-limit",
      dependencies: [
        "HTTPServer", .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], path: "Benchmarks/HTTP", swiftSettings: strict),
    .target(name: "BenchmarkTiming", path: "Benchmarks/Timing", swiftSettings: strict),
    .executableTarget(name: "json-benchmark", dependencies: ["JSON", "BenchmarkTiming"], path: "Benchmarks/JSON", swiftSettings: strict),
    .executableTarget(name: "cel-benchmark", dependencies: ["CEL", "JSON", "BenchmarkTiming"], path: "Benchmarks/CEL", swiftSettings: strict),
    // The simple tests of cel-spec, as scripts/cel-conformance feeds them.
    .executableTarget(name: "cel-conformance", dependencies: ["CEL", "JSON"], path: "Benchmarks/Conformance", swiftSettings: strict),

    .target(name: "TestKit", dependencies: ["Core", "JSON"], path: "Tests/TestKit", swiftSettings: strict),
    .testTarget(name: "JSONTests", dependencies: ["JSON", "CEL", "TestKit"], swiftSettings: strict),
    .testTarget(name: "ArchiveTests", dependencies: ["Archive"], swiftSettings: strict),
    .testTarget(name: "CELTests", dependencies: ["CEL", "JSON", "TestKit"], swiftSettings: strict),
    .testTarget(name: "CoreTests", dependencies: ["Core", "JSON", "CEL", "TestKit"], swiftSettings: strict),
    .testTarget(name: "StorageTests", dependencies: ["Storage", "Core", "JSON", "CEL", "TestKit"], swiftSettings: strict),
    .testTarget(name: "FunctionsTests", dependencies: ["Functions", "Core", "JSON", "TestKit"], swiftSettings: strict),
    .testTarget(name: "OutboundTests", dependencies: ["Outbound", "Core"], swiftSettings: strict),
    .testTarget(name: "APITests", dependencies: ["API", "HTTPServer", "Core", "JSON"], swiftSettings: strict),
    .testTarget(
      name: "HTTPServerTests", dependencies: ["HTTPServer", "TestKit", .product(name: "NIOCore", package: "swift-nio")],
      swiftSettings: strict),
  ]
)
