// swift-tools-version: 6.2
import PackageDescription

/// One set of rules for every target: Swift 6 mode, explicit imports, no warning left standing.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "mr-market",
    products: [
        .library(name: "TradingCore", targets: ["TradingCore"]),
        .library(name: "Strategies", targets: ["Strategies"]),
        .library(name: "Execution", targets: ["Execution"]),
        .library(name: "Exchanges", targets: ["Exchanges"]),
        .library(name: "Networking", targets: ["Networking"]),
        .library(name: "ExchangeKeys", targets: ["ExchangeKeys"]),
        .library(name: "MarketData", targets: ["MarketData"]),
        .library(name: "Simulators", targets: ["Simulators"]),
        .library(name: "Scheduling", targets: ["Scheduling"]),
        .library(name: "Persistence", targets: ["Persistence"]),
        .library(name: "Ledger", targets: ["Ledger"]),
        .library(name: "Jobs", targets: ["Jobs"]),
        .library(name: "MarketMaking", targets: ["MarketMaking"]),
        .executable(name: "mrmarket", targets: ["mrmarket"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/vapor/jwt-kit", exact: "5.7.1"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    ],
    targets: [
        // Pure: values in, values out. No I/O, no clock, no randomness, no Foundation.
        .target(name: "TradingCore", swiftSettings: settings),
        .target(name: "Strategies", dependencies: ["TradingCore"], swiftSettings: settings),
        .target(name: "Execution", dependencies: ["TradingCore", "Strategies"], swiftSettings: settings),

        // The shell.
        .target(name: "Scheduling", dependencies: ["TradingCore"], swiftSettings: settings),
        .target(
            name: "Exchanges",
            dependencies: [
                "TradingCore", "Execution", "Scheduling", "CZlib",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings),
        // Dialects on the wire.
        .target(
            name: "Networking",
            dependencies: [
                "TradingCore", "Exchanges", "Execution", "Scheduling",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings),
        // Keys of exchange accounts, sealed.
        .target(
            name: "ExchangeKeys",
            dependencies: [
                "TradingCore", "Exchanges", "Networking", "Persistence", "Scheduling", "CSodium",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "MarketData",
            dependencies: ["TradingCore", "Execution", "Exchanges", "CZlib"],
            swiftSettings: settings
        ),
        .target(
            name: "Simulators",
            dependencies: [
                "TradingCore", "Strategies", "Execution", "Exchanges", "MarketData", "Scheduling", "Persistence",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOExtras", package: "swift-nio-extras"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Persistence",
            dependencies: [
                "TradingCore", "CPostgres", "CFileStatus", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Ledger",
            dependencies: ["TradingCore", "Persistence", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings
        ),
        .target(
            name: "Jobs",
            dependencies: [
                "TradingCore", "Scheduling", "Persistence", .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "MarketMaking",
            dependencies: [
                "TradingCore", "Strategies", "Execution", "Scheduling", "Exchanges", "Persistence", "Ledger",
                "Jobs", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "API",
            dependencies: [
                "TradingCore", "Execution", "Scheduling", "MarketMaking", "Persistence", "Ledger", "Jobs",
                "Exchanges", "ExchangeKeys",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "mrmarket",
            dependencies: [
                "TradingCore", "Strategies", "Execution", "Scheduling", "Exchanges", "Networking", "MarketData",
                "Simulators", "Persistence", "Ledger", "Jobs", "MarketMaking", "API", "CTimex", "CProcess",
                "CEarlySignals",
                "ExchangeKeys",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Sources/App",
            swiftSettings: settings
        ),
        // The kernel's word on its clock, which Glibc's Swift module leaves out.
        .systemLibrary(name: "CTimex"),
        // What a file is, without its times.
        .systemLibrary(name: "CFileStatus"),
        // Whether the process may be dumped.
        .systemLibrary(name: "CProcess"),
        .target(name: "CEarlySignals"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),

        // Tests mirror Sources; ScenarioTests span several modules and run the program itself.
        .target(
            name: "TestSupport",
            dependencies: ["TradingCore", "Strategies", "Execution", "MarketData", "Scheduling", "Persistence"],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        .target(
            name: "Simulation", dependencies: ["TradingCore", "Scheduling", "Persistence", "Ledger", "Jobs"],
            path: "Tests/Simulation", swiftSettings: settings),
        .executableTarget(
            name: "simulate",
            dependencies: [
                "Simulation", "Scheduling", "TradingCore",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Simulate", swiftSettings: settings),
        // The connectors against expectations that nobody here wrote.
        .target(
            name: "ExchangeFixtures", dependencies: ["Exchanges", "TradingCore"], path: "Tests/ExchangeFixtures",
            swiftSettings: settings),
        .executableTarget(
            name: "fixture-runner", dependencies: ["ExchangeFixtures"], path: "Tests/FixtureRunner",
            swiftSettings: settings),
        .testTarget(
            name: "ExchangeDialectTests",
            dependencies: ["Exchanges", "ExchangeFixtures", "TradingCore", "Scheduling", "TestSupport"],
            exclude: ["Fixtures"], swiftSettings: settings),
        .testTarget(
            name: "SimulationTests", dependencies: ["Simulation", "Jobs", "Persistence", "TradingCore"],
            swiftSettings: settings),
        .testTarget(
            name: "TradingCoreTests", dependencies: ["TradingCore", "Scheduling", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "StrategiesTests", dependencies: ["Strategies", "TradingCore", "Scheduling", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "ExecutionTests",
            dependencies: ["Execution", "Strategies", "TradingCore", "Scheduling", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "ExchangesTests",
            dependencies: ["Exchanges", "Execution", "TradingCore", "Scheduling", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "NetworkingTests",
            dependencies: [
                "Networking", "Exchanges", "Execution", "ExchangeFixtures", "Simulators", "TradingCore", "Scheduling",
                "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ExchangeKeysTests",
            dependencies: [
                "ExchangeKeys", "Exchanges", "Networking", "Persistence", "Scheduling", "Simulators", "TradingCore",
                "TestSupport",
                .product(name: "Logging", package: "swift-log"), .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "MarketDataTests",
            dependencies: [
                "MarketData", "Exchanges", "Execution", "TradingCore", "Scheduling", "CZlib", "TestSupport",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SimulatorsTests",
            dependencies: [
                .product(name: "Logging", package: "swift-log"), "Exchanges", "Simulators", "MarketData", "Execution",
                "Networking", "Strategies", "Scheduling", "TradingCore", "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"), .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "APITests",
            dependencies: [
                "API", "MarketMaking", "Ledger", "Jobs", "Persistence", "Execution", "Scheduling", "TradingCore",
                "TestSupport", "ExchangeKeys", "Exchanges",
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "PersistenceTests",
            dependencies: ["Persistence", "TradingCore", "Scheduling", "TestSupport"], swiftSettings: settings),
        // What breaks on purpose: a file system under SQLite, a process that is made to be killed, and who kills it.
        .target(name: "CFaultVFS", path: "Tests/CFaultVFS", linkerSettings: [.linkedLibrary("sqlite3")]),
        .executableTarget(
            name: "crash-child",
            dependencies: [
                "CFaultVFS", "Persistence", "Ledger", "Jobs", "Scheduling", "TradingCore",
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "Logging", package: "swift-log"),
            ], path: "Tests/CrashChild", swiftSettings: settings),
        .testTarget(
            name: "KillTests",
            dependencies: ["crash-child", "Jobs", "Persistence", "Scheduling", "TestSupport", "TradingCore"],
            swiftSettings: settings),
        .testTarget(
            name: "LedgerTests",
            dependencies: ["Ledger", "Persistence", "TradingCore", "Scheduling", "TestSupport"], swiftSettings: settings
        ),
        .testTarget(
            name: "JobsTests",
            dependencies: [
                "Jobs", "Persistence", "TradingCore", "Scheduling", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], swiftSettings: settings),
        .testTarget(
            name: "MarketMakingTests",
            dependencies: [
                "MarketMaking", "Ledger", "Persistence", "Exchanges", "Execution", "Strategies", "Scheduling",
                "TradingCore", "TestSupport", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ScenarioTests",
            dependencies: [
                "mrmarket", "API", "Ledger", "Jobs", "Persistence", "Simulators", "MarketData", "Exchanges",
                "Execution",
                "Strategies",
                "TradingCore", "Scheduling", "TestSupport", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            swiftSettings: settings),
    ]
)
