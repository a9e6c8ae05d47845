import Execution
import Persistence
import Scheduling
import TradingCore

extension StrategySupervisor: DirectOrderDesk {
    public func place(_ request: DirectOrderRequest) async throws(DeskError) -> DirectOrderView {
        try checkReady()
        let place = try tradingPlace(of: request)
        do {
            let placement = try DirectPlacement(request, try await instrument(place))
            let executor = try await executorToTrade(place)
            let session = try await directSession(place, executor)
            try beginRequest(placement.details)
            defer { endRequest(placement.details) }
            let (id, rejection) = try await executor.place(placement, in: session)
            guard let view = try await view(id) else { throw await unstored(executor) }
            try checkSame(view, request)
            if view.status == .rejected {
                let why = (rejection ?? view.rejection)?.words ?? "it knows no such order, so it never arrived there"
                throw DeskError.exchangeRefused("\(place.exchange) has not taken the order: \(why)")
            }
            return view
        } catch { throw DeskError(error) }
    }

    public func cancel(_ name: DirectOrderName) async throws(DeskError) -> DirectOrderView {
        try checkReady()
        let view = try await order(name)
        guard view.userID != nil else {
            throw .refused("STRATEGY_ORDER: order \(view.id) is a strategy's; stop the strategy instead")
        }
        if view.status.isFinal { return try ended(view) }
        do {
            let executor = try await executor(view.place)
            // Seats the session where this process has not yet: its live orders come with it.
            _ = try await directSession(view.place, executor)
            _ = await executor.cancelDirect(view.id)
        } catch { throw DeskError(error) }
        let after = try await order(name)
        return after.status.isFinal ? try ended(after) : after
    }

    public func order(_ name: DirectOrderName) async throws(DeskError) -> DirectOrderView {
        guard let number = UInt64(name.id), let id = ClientOrderID(rawValue: number), let view = try await view(id)
        else {
            throw .unknownOrder(name.id)
        }
        var faults: [String] = []
        func check(_ field: String, _ said: String?, _ truth: String) {
            guard let said, said.lowercased() != truth.lowercased() else { return }
            faults.append("\(field) \(said.prefix(64)): must be \(truth), as of order \(id)")
        }
        check("symbol", name.symbol, "\(view.place.symbol)")
        check("exchange", name.exchange, "\(view.place.exchange)")
        check("account", name.account, view.place.account)
        if !faults.isEmpty { throw .invalid(faults) }
        return await asItStands(view)
    }

    /// What is stored says what the exchange has told; what has been asked of it since, only the executor knows: an order whose
    /// cancel nobody has confirmed is not open, and not gone.
    private func asItStands(_ view: DirectOrderView) async -> DirectOrderView {
        guard view.status == .open, let executor = executors[view.place], let status = await executor.status(view.id),
            status == .cancelling || status == .unknown
        else { return view }
        var view = view
        view.status = status
        return view
    }

    // MARK: - In between

    private func tradingPlace(of request: DirectOrderRequest) throws(DeskError) -> TradingPlace {
        let exchange = ExchangeID(rawValue: request.exchange.lowercased())
        guard exchangeNames.contains(exchange.rawValue) else { throw .unknownExchange(request.exchange) }
        guard let symbol = Symbol(request.symbol) else {
            throw .invalid(["symbol \(request.symbol.prefix(64)): must be a pair as BTC/USDT"])
        }
        return TradingPlace(exchange: exchange, account: request.account, symbol: symbol)
    }

    /// The session that holds the orders people place at a place; made and seated where there is none.
    private func directSession(_ place: TradingPlace, _ executor: InstrumentExecutor) async throws -> SessionID {
        let (now, instrument, installation) = (runtime.time.now(), executor.instrument, runtime.installation)
        let (row, books) = try await runtime.database.write { transaction in
            try DirectSessionStart(
                transaction: transaction, place: place, instrument: instrument, installation: installation, now: now
            ).carryOut()
        }
        if await !executor.hosts(row.instance.id) {
            try await executor.begin(row, .direct, books, known: states[.session(row.instance.key.description)])
            try await catchUp([row], on: executor)
        }
        guard let session = await executor.session(of: row.instance.id) else {
            throw DeskError.notReady("orders of \(place) are not looked after yet")
        }
        return session
    }

    private func view(_ id: ClientOrderID) async throws(DeskError) -> DirectOrderView? {
        try await load { try DirectOrderStore(transaction: $0).view(id) }
    }

    /// The gate let it pass and the store did not take it.
    private func unstored(_ executor: InstrumentExecutor) async -> DeskError {
        if let fault = await executor.storageFault { return .storageUnavailable(fault) }
        return .refused("INSUFFICIENT_BALANCE: the account's free funds do not cover the order; it was not sent")
    }

    /// A request id that is said again has to ask for the same thing.
    private func checkSame(_ view: DirectOrderView, _ request: DirectOrderRequest) throws(DeskError) {
        guard let id = request.requestID else { return }
        let others = request.differences(from: view)
        if !others.isEmpty {
            throw .invalid([
                "requestId \(id.prefix(64)): must be a new one, order \(view.id) was placed with it and another \(others.joined(separator: ", "))"
            ])
        }
    }

    // MARK: - The same request twice at once, wherever it is to be placed

    private func beginRequest(_ details: DirectOrderDetails) throws(DeskError) {
        guard let request = details.request else { return }
        guard directRequests.insert(request).inserted else {
            throw .refused("REQUEST_UNDER_WAY: the same request is being carried out, ask for its order later")
        }
    }

    private func endRequest(_ details: DirectOrderDetails) { details.request.map { _ = directRequests.remove($0) } }

    private func ended(_ view: DirectOrderView) throws(DeskError) -> DirectOrderView {
        switch view.status {
        case .filled: throw .refused("ORDER_FILLED: order \(view.id) has traded whole, there is nothing to cancel")
        case .rejected: throw .refused("ORDER_REJECTED: order \(view.id) never was at the exchange")
        default: return view
        }
    }
}

/// The row and books under which orders of people are kept, made where there are none.
struct DirectSessionStart {
    let transaction: any SQLTransaction
    let place: TradingPlace
    let instrument: Instrument
    let installation: InstallationID
    let now: Timestamp

    func carryOut() throws -> (row: StrategyInstanceStore.Row, books: SessionBooks) {
        let key = StrategyKey(userID: "direct", clientID: "\(place)", type: .direct)
        let store = StrategyInstanceStore(transaction: transaction)
        let sessionBooks = SessionBooksStore(transaction: transaction)
        if let row = try store.row(key: key.description), let books = try sessionBooks.books(of: row.instance.id) {
            // Orders by hand live on what the account has free, whatever was summed up.
            return (row, books.isPlausible(instrument) ? books : books.emptied)
        }
        let row = try store.insert(key, place, startPrice: nil, parameters: "{}", now: now)
        _ = try SessionNumberStore(transaction: transaction, installation: installation).take(for: row.instance.id)
        let ledger = AccountLedger(transaction: transaction, place: place)
        let books = SessionBooks(
            instanceID: row.instance.id, run: row.run, base: try ledger.free(instrument.base) ?? .zero,
            quote: try ledger.free(instrument.quote) ?? .zero, account: PositionAccount(), bestProfit: nil)
        try sessionBooks.put(books, now: now)
        return (row, books)
    }
}

extension StrategySupervisor {
    /// What trades with an account, `exchange/label`, one line each: strategies that run, and live orders.
    public func users(of account: String) async -> [String] {
        let found = try? await load { transaction in
            let rows = try StrategyInstanceStore(transaction: transaction).unfinished().filter {
                $0.place.accountName == account
            }
            return (rows, try Set(rows.map(\.place)).filter { try OrderStore.hasLive(at: $0, transaction) })
        }
        guard let (rows, live) = found else { return ["the store cannot be read"] }
        var users = rows.filter { $0.instance.key.type != .direct }.map { "strategy \($0.instance.key) runs" }
        // Where nobody works here, before a start has come so far or because another server does, what is stored tells.
        let elsewhere = live.filter { executors[$0] == nil }.map(\.description).sorted()
        users += elsewhere.map { "\($0) has live orders" }
        for (place, executor) in executors.sorted(by: { $0.key.description < $1.key.description })
        where place.accountName == account {
            let count = await executor.health.openOrderCount
            if count > 0 { users.append("\(place) has \(count) live orders") }
        }
        return users
    }
}
