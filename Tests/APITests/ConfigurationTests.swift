import Exchanges
import Foundation
import Jobs
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import API

@Suite struct ConfigurationTests {
    @Test func `every fault is told, each in a line that names key, value and rule`() throws {
        let error = #expect(throws: ConfigurationErrors.self) {
            try ServerConfiguration(environment: [
                "PORT": "70000", "RUN_MIXIN_SNAPSHOTS": "yes", "HUFI_RECORDING_ORACLE_API_URL": "ftp://x",
                "MIXIN_APP_ID": "a",
            ])
        }
        let lines = try #require(error).lines
        #expect(lines.contains("PORT=70000: must be a whole number from 0 to 65535"))
        #expect(lines.contains("RUN_MIXIN_SNAPSHOTS=yes: must be true or false"))
        #expect(lines.contains("HUFI_RECORDING_ORACLE_API_URL=ftp://x: must be an http or https address"))
        #expect(lines.contains { $0.hasPrefix("MIXIN_SESSION_ID, MIXIN_SERVER_PUBLIC_KEY") })
        #expect(lines.count == 4)
    }

    @Test func `H59: any part of a Mixin client alone is refused, naming the others; none and all are taken`() throws {
        let names = ["MIXIN_APP_ID", "MIXIN_SESSION_ID", "MIXIN_SERVER_PUBLIC_KEY", "MIXIN_SESSION_PRIVATE_KEY"]
        for mask in 0..<(1 << names.count) {
            let given = names.indices.filter { mask & 1 << $0 != 0 }.map { names[$0] }
            let environment = Dictionary(uniqueKeysWithValues: given.map { ($0, "hunter2") })
            if given.isEmpty || given.count == names.count {
                _ = try ServerConfiguration(environment: environment)
                continue
            }
            let error = #expect(throws: ConfigurationErrors.self) { try ServerConfiguration(environment: environment) }
            let lines = try #require(error).lines
            #expect(lines.count == 1 && !lines[0].contains("hunter2"))
            for name in names { #expect(lines[0].contains(name) == !given.contains(name)) }
        }
    }

    @Test(arguments: [
        (["BINANCE_API_KEY"], "BINANCE_SECRET: must be set too"),
        (["BINANCE_SECRET"], "BINANCE_API_KEY: must be set too"),
        (["GATE_API_KEY_2"], "GATE_SECRET_2: must be set too"),
        (["OKX_API_KEY", "OKX_SECRET"], "OKX_PASSPHRASE: must be set too"),
        (["KUCOIN_PASSPHRASE_2"], "KUCOIN_API_KEY_2, KUCOIN_SECRET_2: must be set too"),
        (["MEXC_UID"], "MEXC_API_KEY, MEXC_SECRET: must be set too"),
    ])
    func `H59: half a key of an exchange is refused at the start, naming the other half`(
        _ given: [String], _ line: String
    ) throws {
        let environment = Dictionary(uniqueKeysWithValues: given.map { ($0, "hunter2") })
        let error = #expect(throws: ConfigurationErrors.self) { try ServerConfiguration(environment: environment) }
        let lines = try #require(error).lines
        #expect(lines.count == 1 && lines[0].hasPrefix(line) && !lines[0].contains("hunter2"), "\(lines)")
    }

    @Test func `both spellings are read, every switch is declared and judged alike (D61)`() throws {
        for name in ["RUN_STARTEGY_FOR_MIXIN_ORDERS", "RUN_STRATEGY_FOR_MIXIN_ORDERS"] {
            let configuration = try ServerConfiguration(environment: [name: "true"])
            #expect(configuration.text("RUN_STRATEGY_FOR_MIXIN_ORDERS") == "true")
        }
        let defaults = try ServerConfiguration(environment: [:])
        for name in ["RUN_STRATEGY_FOR_MIXIN_ORDERS", "RUN_MIXIN_SNAPSHOTS", "RUN_MIXIN_WITHDRAWAL_CONFIRMATION"] {
            #expect(defaults.text(name) == "false")
        }
        #expect(ConfigurationKey.all.contains { $0.name == "OKX_API_KEY" })
        #expect(Set(ConfigurationKey.all.map(\.name)).count == ConfigurationKey.all.count)
    }

    @Test func `the environment wins over the file, and empty is absent`() throws {
        let file = "# comment\nPORT=4000\nexport HOST=\"0.0.0.0\"\nLOG_LEVEL='debug'\n"
        let configuration = try ServerConfiguration(environment: ["PORT": "5000", "HOST": ""], file: file)
        #expect(configuration.port == 5_000)
        #expect(configuration.host == "0.0.0.0")
        #expect(configuration.logLevel == "debug")
    }

    @Test func `receipts stay as long as the sagas that they keep from starting again, or longer`() throws {
        let error = #expect(throws: ConfigurationErrors.self) {
            try ServerConfiguration(environment: ["RECEIPT_RETENTION_DAYS": "30"])
        }
        #expect(
            error?.lines == ["RECEIPT_RETENTION_DAYS=30: must be no less than SAGA_RETENTION_DAYS, which is 90"])
        let configuration = try ServerConfiguration(environment: [
            "SAGA_RETENTION_DAYS": "7", "RECEIPT_RETENTION_DAYS": "7",
        ])
        #expect(configuration.retention == RetentionRules(sagas: .seconds(604_800), receipts: .seconds(604_800)))
        #expect(try ServerConfiguration(environment: [:]).retention == RetentionRules())
    }

    @Test func `the example file is made of the declarations`() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: ".env.example").path
        #expect(try String(contentsOfFile: path, encoding: .utf8) == ConfigurationKey.exampleFile)
        _ = try ServerConfiguration(environment: [:], file: ConfigurationKey.exampleFile)
    }

    @Test(arguments: ["\n", "\r\n"])
    func `a file is read line by line, whoever wrote it`(_ end: String) throws {
        let lines = [
            "PORT=4000", "LOG_LEVEL=debug # for now", "ADMIN_PASSWORD=\"a # b\"", "JWT_SECRET=a#b",
            "export HOST=0.0.0.0",
        ]
        let configuration = try ServerConfiguration(
            environment: [:], file: "\u{FEFF}" + lines.map { $0 + end }.joined())
        #expect(configuration.port == 4_000)
        #expect(configuration.logLevel == "debug")
        #expect(configuration.host == "0.0.0.0")
        #expect(configuration.text("ADMIN_PASSWORD") == "a # b")
        #expect(configuration.text("JWT_SECRET") == "a#b")
    }

    @Test func `a name in the file that is no setting is told, whatever the environment holds beside it`() throws {
        let file = "PROT=4000\nPORT=4001\nRUN_STARTEGY_FOR_MIXIN_ORDERS=true\nBINANCE_API_KEYS=k\nPROT=1\n# ABC=1\n"
        let configuration = try ServerConfiguration(environment: ["PATH": "/bin", "LANG": "C"], file: file)
        #expect(configuration.unknownNames == ["BINANCE_API_KEYS", "PROT"])
        #expect(configuration.port == 4_001)
        #expect(try ServerConfiguration(environment: [:], file: ConfigurationKey.exampleFile).unknownNames == [])
    }

    @Test(arguments: ["=x", "PORT", "A B=1", "1PORT=2", "MY-PORT=3", "export =4", "PÖRT=5"])
    func `a line that sets nothing is a fault with its number`(_ line: String) {
        let error = #expect(throws: ConfigurationErrors.self) {
            try ServerConfiguration(environment: [:], file: "# first\nPORT=4000\n\(line)\n")
        }
        #expect(error?.lines == [".env line 3: must be NAME=value"])
    }

    @Test func `the environment wins by either spelling (D61)`() throws {
        let configuration = try ServerConfiguration(
            environment: ["RUN_STARTEGY_FOR_MIXIN_ORDERS": "true"], file: "RUN_STRATEGY_FOR_MIXIN_ORDERS=false\n")
        #expect(configuration.text("RUN_STRATEGY_FOR_MIXIN_ORDERS") == "true")
    }

    @Test func `numbers and choices are judged, too, and nothing secret is shown`() throws {
        let error = #expect(throws: ConfigurationErrors.self) {
            try ServerConfiguration(environment: [
                "LOG_LEVEL": "loud", "WEB3_GAS_MULTIPLIER": "much", "DISCORD_LOG_WEBHOOK_URL": "hook-token",
                "WEB3_MAINNET_RPC_URL": "ftp://node/api-token",
            ])
        }
        let lines = try #require(error).lines
        #expect(lines.count == 4)
        #expect(lines.contains("WEB3_GAS_MULTIPLIER=much: must be a number above 0"))
        #expect(lines.contains { $0.hasPrefix("LOG_LEVEL=loud: must be one of trace, debug") })
        #expect(!lines.contains { $0.contains("token") })
    }

    @Test func `a configuration does not print its secrets`() throws {
        let configuration = try ServerConfiguration(environment: ["JWT_SECRET": "hunter2"])
        var dumped = "\(configuration) \(String(reflecting: configuration))"
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("hunter2"))
    }

    @Test(arguments: [
        ("localhost", "http://127.0.0.1:4000"), ("::1", "http://[::1]:4000"), ("0.0.0.0", "http://0.0.0.0:4000"),
    ])
    func `an address of a server is one, of either version`(_ host: String, _ address: String) throws {
        #expect(try ServerConfiguration(environment: ["HOST": host]).address(port: 4_000) == address)
    }

    @Test func `secrets that could be guessed are told, without the secrets`() throws {
        let weak = try ServerConfiguration(environment: [
            "ADMIN_PASSWORD": "hunter2", "JWT_SECRET": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ])
        let lines = ServerSecrets.weaknesses(weak)
        #expect(lines.map { $0.prefix(18) } == ["ADMIN_PASSWORD=***", "JWT_SECRET=***: sh"])
        #expect(!lines.joined().contains("hunter2"))
        let strong = try ServerConfiguration(
            environment: ["ADMIN_PASSWORD": "correct horse battery", "JWT_SECRET": "0123456789abcdef0123456789abcdef"])
        #expect(ServerSecrets.weaknesses(strong).isEmpty)
        #expect(try ServerSecrets.weaknesses(ServerConfiguration(environment: [:])).isEmpty)
    }

    @Test func `files of secrets that others can read are told`() throws {
        let folder = try TemporaryFolder()
        let settings = try ServerConfiguration(environment: ["DATABASE_PATH": folder.path + "/mr_market.db"])
        #expect(ServerSecrets.exposures(settings).isEmpty)
        for (file, mode) in [("admin-password", 0o644), ("jwt-secret", 0o600)] {
            let path = try folder.write("secret", to: file)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }
        let lines = ServerSecrets.exposures(settings)
        #expect(lines == ["ADMIN_PASSWORD: \(folder.path)/admin-password must be its owner's alone (chmod 600)"])
    }

    @Test func `a secret does not print`() throws {
        let secret = Secret("hunter2")
        #expect("\(secret)" == "***")
        #expect(String(reflecting: secret) == "***")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("hunter2"))
    }
}

@Suite struct SecretsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func load(_ environment: [String: String] = [:], hasDatabase: Bool = false) throws -> ServerSecrets {
        let configuration = try ServerConfiguration(
            environment: environment.merging(["DATABASE_PATH": folder.path + "/mr_market.db"]) { $1 })
        return try ServerSecrets.load(configuration, hasDatabase: hasDatabase, random: SystemRandom())
    }

    @Test func `what a start would refuse of the secrets is told before it, by file`() throws {
        let configuration = try ServerConfiguration(environment: ["DATABASE_PATH": folder.path + "/mr_market.db"])
        #expect(ServerSecrets.faults(configuration) == [])
        _ = try folder.write("garbage", to: "encryption-private-key")
        _ = try folder.write("\n", to: "admin-password")
        #expect(
            ServerSecrets.faults(configuration) == [
                "\(folder.path)/admin-password: must not be empty",
                "\(folder.path)/encryption-private-key: must be base64 of at least 32 bytes",
            ])
        #expect(throws: ConfigurationErrors.self) { try load() }
    }

    @Test(
        arguments: [[:], ["ADMIN_PASSWORD": "", "JWT_SECRET": "", "ENCRYPTION_PRIVATE_KEY": ""]] as [[String: String]])
    func `absent or empty secrets are made once and kept (D60)`(_ environment: [String: String]) throws {
        let first = try load(environment)
        #expect(first.isPasswordNew)
        try shown()
        let second = try load(environment, hasDatabase: true)
        #expect(!second.isPasswordNew)
        #expect(second.adminPassword == first.adminPassword)
        #expect(second.signingKey == first.signingKey)
        #expect(second.encryptionKey == first.encryptionKey)
        for name in ["admin-password", "jwt-secret", "encryption-private-key"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + name)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
    }

    @Test func `a lost encryption key is never replaced beside a database (D60)`() throws {
        _ = try load()
        try FileManager.default.removeItem(atPath: folder.path + "/encryption-private-key")
        let error = #expect(throws: ConfigurationErrors.self) { _ = try load(hasDatabase: true) }
        #expect(try #require(error).lines.count == 1)
        #expect("\(try #require(error))".contains("encryption-private-key"))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/encryption-private-key"))
        // With the key given, it starts.
        _ = try load(["ENCRYPTION_PRIVATE_KEY": Data(repeating: 7, count: 32).base64EncodedString()], hasDatabase: true)
    }

    @Test func `a database made by another command finds its key at the first start (D60)`() throws {
        let configuration = try ServerConfiguration(environment: ["DATABASE_PATH": folder.path + "/mr_market.db"])
        #expect(try ServerSecrets.signingKey(configuration) == nil)
        try ServerSecrets.makeEncryptionKey(configuration, random: SystemRandom())
        let first = try load(hasDatabase: true)
        // Only the start makes the password, so that the start can show it.
        #expect(first.isPasswordNew)
        #expect(try ServerSecrets.signingKey(configuration) == first.signingKey)
        try ServerSecrets.makeEncryptionKey(configuration, random: SystemRandom())
        #expect(try load(hasDatabase: true).encryptionKey == first.encryptionKey)
    }

    @Test func `what an interrupted start left behind does not open a secret to others (D60)`() throws {
        let path = folder.path + "/jwt-secret"
        #expect(
            FileManager.default.createFile(
                atPath: path + ".new", contents: Data("half".utf8), attributes: [.posixPermissions: 0o644]))
        _ = try load()
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(!FileManager.default.fileExists(atPath: path + ".new"))
    }

    @Test func `a password that no start lived to show is shown by the next`() throws {
        let first = try load()
        let second = try load(hasDatabase: true)
        #expect(second.isPasswordNew && second.adminPassword == first.adminPassword)
        #expect(try !load(["ADMIN_PASSWORD": "given"], hasDatabase: true).isPasswordNew, "an operator's own is no news")
        try shown()
        #expect(try !load(hasDatabase: true).isPasswordNew)
        // Killed between the mark and the password.
        _ = try folder.write("", to: "admin-password.unshown")
        try FileManager.default.removeItem(atPath: folder.path + "/admin-password")
        #expect(try load(hasDatabase: true).isPasswordNew)
    }

    private func shown() throws {
        ServerSecrets.passwordWasShown(
            try ServerConfiguration(environment: ["DATABASE_PATH": folder.path + "/mr_market.db"]))
    }

    @Test func `a lost key beside a shared database names it, and not its password (D60)`() throws {
        let error = #expect(throws: ConfigurationErrors.self) {
            try load(["DATABASE_URL": "postgres://trader:hidden@db.example:5433/market"], hasDatabase: true)
        }
        let line = try #require(error?.lines.first)
        #expect(line.contains("as postgres://db.example:5433/market exists"), "\(line)")
        #expect(!line.contains("hidden"))
    }

    @Test func `password and signing key may be renewed`() throws {
        let first = try load()
        try shown()
        try FileManager.default.removeItem(atPath: folder.path + "/admin-password")
        let second = try load(hasDatabase: true)
        #expect(second.isPasswordNew)
        #expect(second.adminPassword != first.adminPassword)
        #expect(second.encryptionKey == first.encryptionKey)
    }

    @Test func `a given secret wins over the kept one`() throws {
        _ = try load()
        #expect(try load(["ADMIN_PASSWORD": "given"]).adminPassword == Secret("given"))
    }

    @Test func `an encryption key that is none is refused`() throws {
        #expect(throws: ConfigurationErrors.self) { _ = try load(["ENCRYPTION_PRIVATE_KEY": "c2hvcnQ="]) }
    }
}
