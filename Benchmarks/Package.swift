// swift-tools-version: 6.2
import PackageDescription

/// Apart from the product, so that nobody who builds it builds this.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "mr-market-benchmarks",
    dependencies: [
        .package(name: "mr-market", path: ".."),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        .executableTarget(
            name: "FeedBenchmark",
            dependencies: [
                .product(name: "TradingCore", package: "mr-market"),
                .product(name: "Exchanges", package: "mr-market"),
                .product(name: "MarketData", package: "mr-market"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "StreamBenchmark",
            dependencies: [
                .product(name: "TradingCore", package: "mr-market"),
                .product(name: "Scheduling", package: "mr-market"),
                .product(name: "Exchanges", package: "mr-market"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "EngineBenchmark",
            dependencies: [
                .product(name: "TradingCore", package: "mr-market"),
                .product(name: "Strategies", package: "mr-market"),
                .product(name: "Execution", package: "mr-market"),
                .product(name: "MarketData", package: "mr-market"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "QuoteLatencyBenchmark",
            dependencies: [
                .product(name: "TradingCore", package: "mr-market"),
                .product(name: "Strategies", package: "mr-market"),
                .product(name: "Execution", package: "mr-market"),
                .product(name: "Exchanges", package: "mr-market"),
                .product(name: "MarketData", package: "mr-market"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "ServerBenchmark",
            dependencies: [
                .product(name: "TradingCore", package: "mr-market"),
                .product(name: "Execution", package: "mr-market"),
                .product(name: "Exchanges", package: "mr-market"),
                .product(name: "Scheduling", package: "mr-market"),
                .product(name: "Persistence", package: "mr-market"),
                .product(name: "MarketMaking", package: "mr-market"),
                .product(name: "Ledger", package: "mr-market"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        // The system's SQLite, for the loop that one would write by hand.
        .systemLibrary(name: "CSQLite"),
        .executableTarget(
            name: "JobsBenchmark",
            dependencies: [
                "CSQLite",
                .product(name: "TradingCore", package: "mr-market"),
                .product(name: "Scheduling", package: "mr-market"),
                .product(name: "Persistence", package: "mr-market"),
                .product(name: "Jobs", package: "mr-market"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "LedgerBenchmark",
            dependencies: [
                .product(name: "TradingCore", package: "mr-market"),
                .product(name: "Scheduling", package: "mr-market"),
                .product(name: "Persistence", package: "mr-market"),
                .product(name: "Ledger", package: "mr-market"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "CommitBenchmark",
            dependencies: [.product(name: "Persistence", package: "mr-market")],
            swiftSettings: settings),
        .executableTarget(
            name: "SoakBenchmark",
            dependencies: [
                .product(name: "TradingCore", package: "mr-market"),
                .product(name: "Strategies", package: "mr-market"),
                .product(name: "Execution", package: "mr-market"),
                .product(name: "MarketData", package: "mr-market"),
                .product(name: "Simulators", package: "mr-market"),
            ],
            swiftSettings: settings),
    ]
)
