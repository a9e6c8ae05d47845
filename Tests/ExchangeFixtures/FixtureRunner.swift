import Exchanges
import TradingCore

/// Runs folders of fixtures against the connectors they are named after.
public enum FixtureRunner {
    /// - Parameter path: an exchange's folder, or a folder of such.
    /// - Throws: when there are no fixtures, or a file cannot be read.
    public static func exchanges(_ path: String) throws -> FixtureTally {
        var tally = FixtureTally()
        for (name, folder) in try FixtureFile.exchangeFolders(path) {
            guard let exchange = ExchangeDialects.named(name) else {
                tally.add(name, .failed(["no connector for \(name)"]))
                continue
            }
            tally.add(try ExchangeFixtures(exchange, folder).run())
        }
        return tally
    }
}

/// One exchange's fixtures.
public struct ExchangeFixtures: Sendable {
    public let exchange: ExchangeUnderTest
    let folder: String
    let markets: JSONValue
    let catalog: MarketCatalog

    /// What CCXT's own tests run with.
    static let credentials = ExchangeCredentials(
        apiKey: "key", secret: Secret("secretsecret"), passphrase: Secret("password"), uid: Secret("uid"))
    static let now: Int64 = 1_700_000_000_000

    public init(_ exchange: ExchangeUnderTest, _ folder: String) throws {
        try self.init(exchange, folder, markets: try FixtureFile.json("markets", in: folder) ?? .object([]))
    }

    init(_ exchange: ExchangeUnderTest, _ folder: String, markets: JSONValue) throws {
        self.exchange = exchange
        self.folder = folder
        self.markets = markets
        catalog = try FixtureCatalog.read(markets, countsDigits: exchange.countsDigits)
    }

    public func run() throws -> FixtureTally {
        var tally = FixtureTally()
        tally.add(runMarkets())
        if let file = try FixtureFile.json("request", in: folder) { tally.add(runRequests(file)) }
        if let file = try FixtureFile.json("response", in: folder) { tally.add(runAnswers(file)) }
        if let file = try FixtureFile.json("signed", in: folder) { tally.add(runSignatures(file)) }
        if let file = try FixtureFile.json("oracle", in: folder) { tally.add(runOracle(file)) }
        if let file = try FixtureFile.json("ws", in: folder) { tally.add(runStreams(file)) }
        return tally
    }

    /// - Parameter options: later ones count.
    func dialect(_ options: [JSONValue.Member] = []) -> any ExchangeDialect { exchange.make(catalog, options) }

    func context(_ now: Int64 = Self.now, _ credentials: ExchangeCredentials = Self.credentials) -> SigningContext {
        SigningContext(credentials: credentials, now: now, receiveWindow: exchange.receiveWindow)
    }

    /// A case's outcome; what it throws is a failure, except that an extra may be unsupported.
    func outcome(isExtra: Bool, _ differences: () throws -> [String]) -> FixtureOutcome {
        do {
            let found = try differences()
            return found.isEmpty ? .passed : .failed(found)
        } catch let failure as ExchangeFailure where failure.kind == .notSupported && isExtra {
            return .notSupported(failure.message)
        } catch {
            return .failed(["\(error)"])
        }
    }
}
