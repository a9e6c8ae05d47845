import Exchanges
import Logging
import Networking
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys

/// MEXC as far as transfers go.
final class PlayedMEXC: Sendable {
    struct State: Sendable {
        var addresses = "[]"
        var created = #"[{"coin":"USDT","network":"Tron(TRC20)","netWork":"TRX","address":"TNew","memo":null}]"#
        var isOpen = true
        /// The next withdrawal: carried out and answered, refused, or its answer lost.
        var withdrawals: [Result<Bool, HTTPFailure>] = []
        /// Instead of all that.
        var answer: (Int, String)?
        /// Whether the history tells the names that senders gave.
        var tellsNames = true
        var history: [String] = []
        /// Instead of the history.
        var listAnswer: (Int, String)?
        /// Milliseconds by which its clock is behind ours; then its list is true to the window that is asked for, too.
        var behind: Int64 = 0
        /// What happens when the currencies are asked for.
        var onCurrencies: (@Sendable () -> Void)?
        var sent: [String] = []
    }

    let state = Mutex(State())
    var sent: [String] { state.withLock { $0.sent } }
    func count(_ what: String) -> Int { sent.count { $0.hasPrefix(what) } }

    func send(_ request: SignedRequest, _ now: Int64) throws(HTTPFailure) -> EndpointAnswer {
        let path = request.url.split(separator: "/api/v3/").last.map { String($0) } ?? ""
        let (status, body) = try state.withLock { state throws(HTTPFailure) in
            state.sent.append("\(request.verb.rawValue) \(path)")
            return try Self.answer(request.verb, path, now, &state)
        }
        return EndpointAnswer(status: status, body: Array(body.utf8))
    }

    private static func answer(
        _ verb: EndpointRequest.Verb, _ path: String, _ now: Int64, _ state: inout State
    ) throws(HTTPFailure) -> (Int, String) {
        switch (verb, path.prefix { $0 != "?" }) {
        case (.get, "time"): return (200, "{\"serverTime\":\(now - state.behind)}")
        case (.get, "capital/config/getall"):
            state.onCurrencies?()
            return (
                200,
                """
                [{"coin":"USDT","name":"Tether","networkList":[{"coin":"USDT","network":"Tron(TRC20)","netWork":"TRX",\
                "depositEnable":\(state.isOpen),"withdrawEnable":\(state.isOpen),"withdrawFee":"1","withdrawMin":"10",\
                "withdrawMax":"1000"},{"coin":"USDT","network":"Ethereum(ERC20)","netWork":"ETH","depositEnable":true,\
                "withdrawEnable":true,"withdrawFee":"5","withdrawMin":"20","withdrawMax":"1000"}]}]
                """
            )
        case (.get, "capital/deposit/address"): return (200, state.addresses)
        case (.post, "capital/deposit/address"):
            state.addresses = state.created
            return (200, state.created)
        case (.post, "capital/withdraw"):
            if let answer = state.answer { return answer }
            let next = state.withdrawals.isEmpty ? .success(true) : state.withdrawals.removeFirst()
            switch next {
            case .success(true):
                state.history.append(row(path, now, state))
                return (200, #"{"id":"W\#(state.history.count)"}"#)
            case .success(false): return (400, #"{"code":10101,"msg":"Insufficient balance"}"#)
            case .failure(let failure):
                if case .unknown("carried out") = failure { state.history.append(row(path, now, state)) }
                throw failure
            }
        case (.get, "capital/withdraw/history"):
            if let answer = state.listAnswer { return answer }
            // No window is longer than seven days.
            let start = field("startTime", path).flatMap { Int64($0) } ?? now
            let end = field("endTime", path).flatMap { Int64($0) } ?? now - state.behind
            if end - start > 7 * 86_400_000 { return (400, #"{"code":700004,"msg":"the window is too long"}"#) }
            let told = state.history.filter { row in
                let made = row.split(separator: "\"applyTime\":").last.flatMap { Int64($0.prefix(while: \.isNumber)) }
                let at = made ?? start
                return state.behind == 0 || start <= at && at <= end
            }
            return (200, "[" + told.joined(separator: ",") + "]")
        default: return (404, "{}")
        }
    }

    private static func field(_ name: String, _ path: String) -> Substring? {
        path.split(whereSeparator: { "?&".contains($0) }).first { $0.hasPrefix(name + "=") }?.dropFirst(name.count + 1)
    }

    private static func row(_ path: String, _ now: Int64, _ state: State) -> String {
        let own = state.tellsNames ? field("withdrawOrderId", path).map { "\"\($0)\"" } ?? "null" : "null"
        return
            #"{"id":"W\#(state.history.count + 1)","withdrawOrderId":\#(own),"coin":"USDT-TRX","netWork":"TRX","address":"TAbc","amount":"49","transactionFee":"1","status":2,"applyTime":\#(now - state.behind)}"#
    }
}

/// Tells every line.
struct LineHandler: LogHandler {
    let log: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { log("\(event.message) \(event.metadata ?? [:])") }
}

/// Assets that travel: on networks that somebody named, and once.
@Suite struct TransferTests {
    struct World: Sendable {
        let bench: KeyBench
        let exchange: PlayedMEXC
        let transfers: ExchangeTransfers
        let manners: MannersBook
        let trading: Int64
        let withdrawing: Int64

        func place(_ key: Int64, network: String = "TRC20", asset: AssetID = "USDT") -> TransferPlace {
            TransferPlace(exchange: ExchangeID(rawValue: "mexc"), keyID: key, asset: asset, network: network)
        }

        func order(_ amount: FixedDecimal = "50", requestID: String? = "r1", key: Int64? = nil) -> WithdrawalOrder {
            WithdrawalOrder(
                place: place(key ?? withdrawing), address: "TAbc", tag: nil, amount: amount, requestID: requestID)
        }
    }

    func with(
        _ allowed: String = "mexc:USDT:TRC20", log: (@Sendable (String) -> Void)? = nil,
        elsewhere: (@Sendable (SignedRequest, Int64) async throws(HTTPFailure) -> EndpointAnswer)? = nil,
        _ body: (World) async throws -> Void
    ) async throws {
        try await withKeys { bench in
            let exchange = PlayedMEXC()
            let time = bench.time
            let trading = try await bench.keyring.add(bench.new("mexc")).id
            let withdrawing = try await bench.keyring.add(bench.new("mexc", purpose: .withdraw, apiKey: "other")).id
            let numbers = Mutex(0)
            let manners = MannersBook()
            let transfers = ExchangeTransfers(
                keyring: bench.keyring, database: bench.database, allowed: try TransferAllowList(allowed), time: time,
                logger: Logger(label: "test") { _ in
                    if let log { LineHandler(log: log) as any LogHandler } else { SwiftLogNoOpLogHandler() }
                },
                manners: manners,
                makeID: {
                    numbers.withLock { number in
                        number += 1
                        return "made-\(number)"
                    }
                }
            ) { (request, milliseconds) throws(HTTPFailure) in
                if let elsewhere, !request.url.contains("mexc") { return try await elsewhere(request, milliseconds) }
                return try exchange.send(request, time.now().nanoseconds / 1_000_000)
            }
            try await body(
                World(
                    bench: bench, exchange: exchange, transfers: transfers, manners: manners, trading: trading,
                    withdrawing: withdrawing))
        }
    }

    func error(_ body: () async throws -> some Any) async -> TransferError? {
        do { _ = try await body() } catch { return error as? TransferError }
        return nil
    }

    func line(_ error: TransferError?) -> String {
        if case .invalid(let lines)? = error { lines.joined() } else { "\(String(describing: error))" }
    }

    // MARK: - H25

    @Test func `H25: what nobody has allowed does not travel, and nobody is asked`() async throws {
        for allowed in ["", "binance:USDT:TRC20", "mexc:BTC:BTC"] {
            try await with(allowed) { world in
                let refused = await error { try await world.transfers.depositAddress(world.place(world.trading)) }
                #expect(line(refused).hasPrefix("symbol USDT: must be allowed to travel"))
                #expect(await error { try await world.transfers.withdraw(world.order()) } != nil)
                #expect(world.exchange.sent.isEmpty)
            }
        }
    }

    @Test(arguments: ["ERC20", "Ethereum(ERC20)", "BEP20", "USDT", "TRON", "trc", "TRC20,ERC20"])
    func `H25: a network that is not listed, or not allowed, is refused, never replaced by another`(
        _ network: String
    ) async throws {
        try await with { world in
            let refused = await error {
                try await world.transfers.depositAddress(world.place(world.trading, network: network))
            }
            #expect(line(refused).hasPrefix("network "), "\(line(refused))")
            #expect(world.exchange.count("GET capital/deposit") == 0 && world.exchange.count("POST") == 0)
        }
    }

    @Test func `H25: a network that the exchange has closed, or says nothing of, is refused`() async throws {
        try await with { world in
            world.exchange.state.withLock { $0.isOpen = false }
            let refused = await error { try await world.transfers.depositAddress(world.place(world.trading)) }
            #expect(line(refused).contains("takes no deposits of USDT there now"))
            #expect(await error { try await world.transfers.withdraw(world.order()) } != nil)
            #expect(world.exchange.count("POST") == 0)
        }
        let allowed = try TransferAllowList("x:USDT:TRC20")
        let silent = ExchangeCurrency(
            id: "USDT", asset: "USDT", networks: [ExchangeNetwork(id: "TRX", code: "TRC20")])
        #expect(throws: TransferRefusal.self) {
            try TransferRoute(ExchangeID(rawValue: "x"), "USDT", network: "TRC20", .withdrawal, allowed, [silent])
        }
    }

    @Test func `H25: an address is made on the network that was named, and asked for on no other`() async throws {
        try await with { world in
            for name in ["TRC20", "trx", "Tron(TRC20)"] {
                let address = try await world.transfers.depositAddress(world.place(world.trading, network: name))
                #expect(address.address == "TNew" && address.network == "TRC20")
            }
            let asked = world.exchange.sent.filter { $0.contains("capital/deposit/address") }
            #expect(asked.count == 4 && asked.allSatisfy { $0.contains("network=Tron%28TRC20%29") })
        }
    }

    @Test func `H25: an address on another network than the one named is not passed on`() async throws {
        try await with { world in
            world.exchange.state.withLock { state in
                state.addresses =
                    #"[{"coin":"USDT","network":"Ethereum(ERC20)","netWork":"ETH","address":"0x1","memo":null}]"#
            }
            let refused = await error { try await world.transfers.depositAddress(world.place(world.trading)) }
            guard case .contradicted(let why)? = refused else {
                Issue.record("\(String(describing: refused))")
                return
            }
            #expect(why.contains("must not be used"))
        }
    }

    // MARK: - D26, D27

    @Test func `D26, D28: keys are found by their id, whatever exchange is said; unknown ones are told`() async throws {
        try await with { world in
            #expect(await error { try await world.transfers.depositAddress(world.place(99)) } == .unknownKey(99))
            var elsewhere = world.place(world.trading)
            elsewhere.exchange = ExchangeID(rawValue: "binance")
            let transfers = world.transfers
            #expect(line(await error { try await transfers.depositAddress(elsewhere) }).contains("symbol USDT"))
            // A key that was removed is gone at once.
            _ = try await world.bench.keyring.remove(world.trading, force: true)
            #expect(
                await error { try await world.transfers.depositAddress(world.place(world.trading)) }
                    == .unknownKey(world.trading))
        }
    }

    @Test func `D26: a withdrawal is signed with a key of its own, and its result comes back`() async throws {
        try await with { world in
            let refused = await error { try await world.transfers.withdraw(world.order(key: world.trading)) }
            #expect(line(refused).contains("must be a key with purpose withdraw"))
            for (amount, rule) in [("5", "at least 10"), ("1001", "at most 1000")] as [(FixedDecimal, String)] {
                let refused = await error { try await world.transfers.withdraw(world.order(amount)) }
                #expect(line(refused).contains(rule))
            }
            #expect(world.exchange.count("POST") == 0)
            let sent = try await world.transfers.withdraw(world.order())
            #expect(sent.status == .sent && sent.exchangeID == "W1")
            let call = try #require(world.exchange.sent.first { $0.hasPrefix("POST capital/withdraw") })
            #expect(call.contains("netWork=TRX") && call.contains("amount=50") && call.contains("address=TAbc"))
        }
    }

    // MARK: - Once

    @Test func `the same request is the same withdrawal, another under its name is refused`() async throws {
        try await with { world in
            let first = try await world.transfers.withdraw(world.order())
            let again = try await world.transfers.withdraw(world.order())
            #expect(again.id == first.id && again.status == .sent)
            #expect(
                line(await error { try await world.transfers.withdraw(world.order("51")) }).hasPrefix("requestId r1"))
            #expect(world.exchange.count("POST capital/withdraw") == 1)
            // Without a name the same one is taken for a repetition, for a while.
            _ = try await world.transfers.withdraw(world.order("60", requestID: nil))
            guard
                case .repeated? = await error({ try await world.transfers.withdraw(world.order("60", requestID: nil)) })
            else {
                Issue.record("it was sent twice")
                return
            }
            world.bench.time.advance(byNanoseconds: ExchangeTransfers.repetition + 1)
            _ = try await world.transfers.withdraw(world.order("60", requestID: nil))
            #expect(world.exchange.count("POST capital/withdraw") == 3)
        }
    }

    @Test(arguments: [true, false])
    func `a withdrawal whose answer was lost is looked for, and never sent again`(_ isCarriedOut: Bool) async throws {
        try await with { world in
            world.exchange.state.withLock {
                $0.withdrawals = [.failure(.unknown(isCarriedOut ? "carried out" : "lost"))]
            }
            #expect(try await world.transfers.withdraw(world.order()).status == .unknown)
            let again = try await world.transfers.withdraw(world.order())
            #expect(again.status == (isCarriedOut ? .sent : .unknown))
            #expect(again.exchangeID == (isCarriedOut ? "W1" : nil))
            #expect(world.exchange.count("POST capital/withdraw") == 1)
        }
    }

    @Test func `one that was refused, or never left, stays refused under its name`() async throws {
        for end in [Result<Bool, HTTPFailure>.success(false), .failure(.notSent("no way there"))] {
            try await with { world in
                world.exchange.state.withLock { $0.withdrawals = [end] }
                let refused = try await world.transfers.withdraw(world.order())
                #expect(refused.status == .refused && refused.reason?.isEmpty == false)
                #expect(try await world.transfers.withdraw(world.order()).status == .refused)
                #expect(world.exchange.count("POST capital/withdraw") == 1)
            }
        }
    }

    @Test func `an intent that a dead process left is asked about, not sent`() async throws {
        try await with { world in
            let (order, now) = (world.order(), world.bench.time.now())
            _ = try await world.bench.database.write {
                try WithdrawalStore(transaction: $0).insert(order, requestID: "r1", label: "default", now: now)
            }
            #expect(try await world.transfers.withdraw(order).status == .pending, "it may be under way")
            world.bench.time.advance(byNanoseconds: ExchangeTransfers.abandoned + 1)
            #expect(try await world.transfers.withdraw(order).status == .unknown)
            #expect(world.exchange.count("POST") == 0)
        }
    }

    @Test func `two spellings of an address are one to the guard against repeating`() async throws {
        try await with { world in
            var order = world.order(requestID: nil)
            order.address = "0xAbCd"
            _ = try await world.transfers.withdraw(order)
            for spelling in ["0xabcd", "0XABCD", "0xAbCd"] {
                order.address = spelling
                guard case .repeated? = await error({ try await world.transfers.withdraw(order) }) else {
                    Issue.record("it was sent twice")
                    continue
                }
            }
            order.address = "0xAbCe"
            _ = try await world.transfers.withdraw(order)
            #expect(world.exchange.count("POST capital/withdraw") == 2)
        }
    }

    @Test(arguments: ["TAbc\u{A0}", "T Abc", "TAbc\u{200B}", "TАbc", "", "TAbc\n", String(repeating: "T", count: 201)])
    func `an address that holds what no network's does is refused before anybody is asked`(
        _ address: String
    ) async throws {
        try await with { world in
            var order = world.order()
            order.address = address
            let refused = line(await error { try await world.transfers.withdraw(order) })
            #expect(refused == "address: must be 1 to 200 printable ASCII characters without blanks")
            (order.address, order.amount) = ("TAbc", "-50")
            #expect(line(await error { try await world.transfers.withdraw(order) }) == "amount -50: must be above 0")
            #expect(world.exchange.sent.isEmpty)
        }
    }

    @Test func `an exchange that nobody here speaks to is named as what is wrong`() async throws {
        try await with { world in
            var order = world.order()
            order.place.exchange = ExchangeID(rawValue: "nope")
            let place = order.place
            for refused in [
                await error { try await world.transfers.withdraw(order) },
                await error { try await world.transfers.depositAddress(place) },
            ] { #expect(line(refused).hasPrefix("exchange nope: must be one of binance, bitfinex, ")) }
            #expect(world.exchange.sent.isEmpty)
        }
    }

    @Test func `H25: a network whose name is another's too is refused, as it is sent on by its name`() throws {
        let allowed = try TransferAllowList("x:USDT:TRC20")
        func route(_ others: [ExchangeNetwork], network: String = "TRX") throws -> String {
            let own = ExchangeNetwork(id: "TRX", code: "TRC20", name: "Tron", canWithdraw: true)
            let currency = ExchangeCurrency(id: "USDT", asset: "USDT", networks: others + [own])
            return try TransferRoute(
                ExchangeID(rawValue: "x"), "USDT", network: network, .withdrawal, allowed, [currency]
            ).network.id
        }
        #expect(try route([]) == "TRX")
        #expect(try route([ExchangeNetwork(id: "ETH", code: "ERC20")]) == "TRX")
        for other in [ExchangeNetwork(id: "TRX2", code: "TRC20"), ExchangeNetwork(id: "trc20", code: "OTHER")] {
            let refused = #expect(throws: TransferRefusal.self) { try route([other]) }
            #expect("\(try #require(refused))".contains("lists several of USDT by it"))
        }
    }
}
