public import Exchanges
import Foundation
public import Jobs
public import Persistence
import TradingCore

/// The server's settings, judged.
public struct ServerConfiguration: Sendable {
    /// Every value as a secret, so that none of them is printed with the whole.
    private let values: [String: Secret]
    /// Where state is kept.
    public let databaseLocation: DatabaseLocation
    /// What may be deposited and withdrawn.
    public let transferNetworks: TransferAllowList
    /// Names in the `.env` file that mean nothing to the server: written wrongly, or of something else.
    public let unknownNames: [String]
    /// Which build this is.
    public var revision = "unknown"

    /// - Parameters:
    ///   - environment: the process's.
    ///   - file: the text of a `.env` file; the environment's own values win. Empty values count as absent.
    /// - Throws: ``ConfigurationErrors`` with a line for every fault.
    public init(environment: [String: String], file: String = "") throws(ConfigurationErrors) {
        var faults: [String] = []
        let settings = Self.parse(file, &faults)
        let sources = [environment, settings]
        let known = Set(ConfigurationKey.all.flatMap { [$0.name, $0.alias].compactMap(\.self) })
        unknownNames = settings.keys.filter { !known.contains($0) }.sorted()
        var values: [String: String] = [:]
        for key in ConfigurationKey.all {
            if let given = Self.given(key, sources) {
                if let rule = key.kind.refusal(given) {
                    let shown = key.isSecret ? "***" : given
                    faults.append("\(key.name)=\(shown): must be \(rule)")
                }
                values[key.name] = given
            } else if let value = key.defaultValue {
                values[key.name] = value
            }
        }
        Self.checkMixin(values, &faults)
        Self.checkExchanges(values, &faults)
        Self.checkRetention(values, &faults)
        do throws(TransferRefusal) { transferNetworks = try TransferAllowList(values["TRANSFER_NETWORKS"] ?? "") } catch
        {
            transferNetworks = .nothing
            faults.append("\(error)")
        }
        let path = values["DATABASE_PATH"] ?? ""
        do { databaseLocation = try DatabaseLocation(url: values["DATABASE_URL"], path: path) } catch {
            databaseLocation = .sqlite(path: path)
            faults.append("\(error)")
        }
        if !faults.isEmpty { throw ConfigurationErrors(lines: faults) }
        self.values = values.mapValues { Secret($0) }
    }

    /// The first value there is: a source's own, by either spelling, wins over those after it.
    private static func given(_ key: ConfigurationKey, _ sources: [[String: String]]) -> String? {
        for source in sources {
            for name in [key.name, key.alias] {
                if let name, let value = source[name], !value.isEmpty { return value }
            }
        }
        return nil
    }

    /// Half a Mixin client is none (H59).
    private static func checkMixin(_ values: [String: String], _ faults: inout [String]) {
        let names = ["MIXIN_APP_ID", "MIXIN_SESSION_ID", "MIXIN_SERVER_PUBLIC_KEY", "MIXIN_SESSION_PRIVATE_KEY"]
        let missing = names.filter { values[$0] == nil }
        if !missing.isEmpty, missing.count < names.count {
            faults.append(
                "\(missing.joined(separator: ", ")): must be set too, the four of the Mixin bot belong together")
        }
    }

    /// A key without its secret, or the other way round, is none (H59).
    private static func checkExchanges(_ values: [String: String], _ faults: inout [String]) {
        for exchange in ConfigurationKey.exchangeNames {
            for account in ["", "_2", "_READ_ONLY"] {
                func has(_ part: String) -> Bool { values["\(exchange)_\(part)\(account)"] != nil }
                let wanted = ["API_KEY", "SECRET"] + (Self.hasPassphrase.contains(exchange) ? ["PASSPHRASE"] : [])
                let missing = wanted.filter { !has($0) }
                let isBegun = ["API_KEY", "SECRET", "PASSPHRASE", "UID"].contains(where: has)
                if isBegun, !missing.isEmpty {
                    let names = missing.map { "\(exchange)_\($0)\(account)" }.joined(separator: ", ")
                    faults.append("\(names): must be set too, key and secret belong together")
                }
            }
        }
    }

    /// A receipt that is gone lets its cause act again, also where the saga that it started is gone.
    private static func checkRetention(_ values: [String: String], _ faults: inout [String]) {
        let days = ["SAGA_RETENTION_DAYS", "RECEIPT_RETENTION_DAYS"].compactMap { Int(values[$0] ?? "") }
        if days.count == 2, days[1] < days[0] {
            faults.append(
                "RECEIPT_RETENTION_DAYS=\(days[1]): must be no less than SAGA_RETENTION_DAYS, which is \(days[0])")
        }
    }

    /// Exchanges whose keys are none without their passphrase.
    private static let hasPassphrase: Set<String> = ["OKX", "KUCOIN"]

    /// `NAME=value` lines; `#` begins a comment at the start of a line and after a space; quotes around a value are taken
    /// off, and what is in them is left as it is.
    private static func parse(_ text: String, _ faults: inout [String]) -> [String: String] {
        var values: [String: String] = [:]
        let text = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].replacing("export ", with: "").trimmingCharacters(in: .whitespaces)
            guard parts.count == 2, isName(name) else {
                faults.append(".env line \(number + 1): must be NAME=value")
                continue
            }
            values[name] = unquoted(parts[1])
        }
        return values
    }

    /// What a shell takes for the name of a variable.
    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (65...90).contains(byte) || (97...122).contains(byte) || (48...57).contains(byte) || byte == 95
        }
    }

    private static func unquoted(_ raw: Substring) -> String {
        let value = raw.trimmingCharacters(in: .whitespaces)
        if let quote = value.first, "\"'".contains(quote), let end = value.dropFirst().firstIndex(of: quote) {
            let rest = value[value.index(after: end)...].trimmingCharacters(in: .whitespaces)
            if rest.isEmpty || rest.hasPrefix("#") { return String(value[..<end].dropFirst()) }
        }
        if value.hasPrefix("#") { return "" }
        guard let comment = value.firstRange(of: " #") else { return value }
        return value[..<comment.lowerBound].trimmingCharacters(in: .whitespaces)
    }

    // MARK: - Reading

    /// A setting by its name; nil when it is not set and has no default.
    public func text(_ name: String) -> String? { values[name]?.reveal() }

    /// A setting that has a default.
    func required(_ name: String) -> String { values[name]?.reveal() ?? "" }

    public var host: String { required("HOST") == "localhost" ? "127.0.0.1" : required("HOST") }
    /// Where a server on this configuration is reached.
    public func address(port: Int) -> String {
        "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    public var port: Int { Int(required("PORT")) ?? 3_000 }
    /// The embedded engine's file; beside it lie secrets and the paper exchange's journal, whichever engine is used.
    public var databasePath: String {
        if case .sqlite(let path) = databaseLocation { path } else { required("DATABASE_PATH") }
    }
    public var nodeName: String { required("NODE_NAME") }
    public var pollsSnapshots: Bool { required("RUN_MIXIN_SNAPSHOTS").lowercased() == "true" }
    /// How long finished sagas and receipts stay.
    public var retention: RetentionRules {
        RetentionRules(sagas: days("SAGA_RETENTION_DAYS"), receipts: days("RECEIPT_RETENTION_DAYS"))
    }

    private func days(_ name: String) -> Duration { .seconds(86_400 * (Int(required(name)) ?? 365)) }

    public var logLevel: String { required("LOG_LEVEL").lowercased() }
    var requestsPerMinute: Int { Int(required("THROTTLE_LIMIT")) ?? 60 }
    var loginsPerMinute: Int { Int(required("THROTTLE_LOGIN_LIMIT")) ?? 5 }

    /// The folder of the database: secrets and the paper exchange's journal are kept there too.
    public var dataFolder: String { URL(filePath: databasePath).deletingLastPathComponent().path }
}

/// Every fault of a configuration, one line each.
public struct ConfigurationErrors: Error, Hashable, Sendable, CustomStringConvertible {
    public var lines: [String]

    public var description: String { lines.joined(separator: "\n") }
}

extension ConfigurationKey.Kind {
    /// - Returns: the rule that a value breaks; nil when it is good.
    func refusal(_ value: String) -> String? {
        switch self {
        case .text: return nil
        case .integer(let range):
            let isGood = Int(value).map(range.contains) ?? false
            return isGood ? nil : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: return ["true", "false"].contains(value.lowercased()) ? nil : "true or false"
        case .url:
            let isGood = URL(string: value).map { ["http", "https"].contains($0.scheme) && $0.host() != nil } ?? false
            return isGood ? nil : "an http or https address"
        case .factor:
            let isGood = (try? FixedDecimal(value[...])).map { $0 > .zero } ?? false
            return isGood ? nil : "a number above 0"
        case .choice(let values):
            return values.contains(value.lowercased()) ? nil : "one of \(values.joined(separator: ", "))"
        }
    }
}
