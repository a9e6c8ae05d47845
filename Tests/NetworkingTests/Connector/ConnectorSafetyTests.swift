import Exchanges
import Execution
import Networking
import Scheduling
import Synchronization
import Testing
import TradingCore

extension LiveConnectorTests {
    /// What goes on unattended: long lists, clocks that are set, rules that change, streams that live and tell nothing, and a
    /// process that dies.
    @Suite struct ConnectorSafetyTests {
        private static let symbol = VenueHarness.symbol

        // MARK: - Long lists

        @Test(arguments: Tongue.allCases) func `hundreds of open orders are all told, however many fit an answer`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                harness.model.addOpenOrders(300, named: type(of: harness.speaker).exchange)
                harness.model.addForeignOrder()
                let own = try await account.openOrders(Self.symbol).filter { (7_000..<7_300).contains($0.id.rawValue) }
                #expect(own.count == 300 && Set(own.map(\.id)).count == 300)
            }
        }

        @Test func `Gate: a list that changes between two of its pages is read anew`() async throws {
            try await VenueHarness.with(.gate) { harness, account in
                harness.model.addOpenOrders(250, named: .gate)
                harness.model.change { $0.goneBetweenPages = 2 }
                let own = try await account.openOrders(Self.symbol)
                // The two newest went: nothing that stayed is left out, and nothing that went is told.
                #expect(own.map(\.id.rawValue).sorted() == (7_000..<7_248).map { UInt64($0) })
                harness.model.change { $0.goneBetweenPages = 99 }
                await #expect(throws: ConnectorError.self) { _ = try await account.openOrders(Self.symbol) }
                harness.model.change { $0.goneBetweenPages = 0 }
            }
        }

        // MARK: - Lies

        /// Taken at its word, a cancel of ours would go to the other's number, and what is open of ours be left alone.
        @Test
        func `a placement that is answered with another's order is looked up, and ours is cancelled by its own id`()
            async throws
        {
            try await VenueHarness.with(.binance, prepare: { $0.change { $0.placements = [.answerOfAnother] } }) {
                harness, account in
                harness.model.change { $0.isSilent = true }
                let id = try await harness.place(account, try await harness.request(38))
                try await harness.wait("it is found") { harness.events.contains(.accepted(id)) }
                #expect(harness.isOpen(id) && harness.timesPlaced(id) == 1)
                account.send(.cancel(id), Self.symbol)
                try await harness.wait("it is cancelled") { harness.events.contains(.cancelled(id)) }
                #expect(!harness.isOpen(id))
                #expect(!harness.model.read { $0.log.contains { $0.contains("777") } })
            }
        }

        /// The stream lives on, so nothing but looking brings the account back.
        @Test(arguments: [Tongue.binance, .okx])
        func `a fill that the stream tells so that it cannot be counted is asked for, and the account is well again`(
            _ tongue: Tongue
        ) async throws {
            let spoiled = tongue == .okx ? #""fillSz":"0.1""# : #""l":"0.1""#
            try await VenueHarness.with(tongue) { harness, account in
                let id = try await harness.place(account, try await harness.request(39))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                harness.spoiler.withLock {
                    $0 = { frame in
                        guard case .text(let text) = frame else { return [frame] }
                        return [.text(text.replacing(spoiled, with: spoiled.dropLast() + "00000000001\""))]
                    }
                }
                harness.model.fill("0.1")
                try await harness.wait("it is lost") { harness.told.contains(.lost) }
                harness.spoiler.withLock { $0 = nil }
                try await harness.wait("it is back") {
                    harness.told.last { $0 == .lost || $0 == .recovered } == .recovered
                }
                try await harness.wait("it is well") { harness.registry.states.first?.fault == nil }
                #expect(harness.registry.states.first?.isStreaming == true)
                try await harness.wait("the fill is told") { harness.tradeCount == 1 }
            }
        }

        // MARK: - Clocks

        /// Bitfinex's requests carry no time.
        @Test(arguments: Tongue.allCases.filter { $0 != .bitfinex })
        func `a clock that is set while we trade costs one request, not the key`(_ tongue: Tongue) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                let first = try await harness.place(account, try await harness.request(40))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(first)) }
                harness.model.clockSkew.withLock { $0 = 240_000 }
                let second = try await harness.place(account, try await harness.request(41))
                try await harness.wait("it is refused for its time") {
                    harness.events.contains(.rejected(second, .unavailable))
                }
                #expect(!harness.events.contains(.outcomeUnknown(second)))
                #expect(harness.timesPlaced(second) == 0)
                var number: UInt64 = 42
                // It is measured anew meanwhile.
                while number < 60 {
                    let id = try await harness.place(account, try await harness.request(number))
                    try await harness.wait("it is answered") { harness.events.contains { $0.orderID == id } }
                    if harness.events.contains(.accepted(id)) { break }
                    number += 1
                }
                #expect(number < 60)
                #expect(harness.registry.states.first?.fault.map { $0.contains("uthentication") } != true)
            }
        }

        // MARK: - Rules

        @Test(arguments: [Tongue.binance, .bybit, .gate, .kucoin, .mexc, .okx])
        func `rules that change while we trade are read anew, and what is sent keeps them`(
            _ tongue: Tongue
        ) async throws {
            var pace = ConnectorPace()
            pace.rules = 10_000
            pace.shortestReconnect = 300
            pace.longestReconnect = 2_000
            try await VenueHarness.with(tongue, limits: pace) { harness, account in
                let before = try await harness.place(account, try await harness.request(61, .buy, "99.53", "0.0503"))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(before)) }
                let unit = try await harness.instrument.unit
                // Steps are told as numbers of digits by some.
                harness.model.change { $0.rules = .init(tick: "0.1", lot: "0.01", leastCost: "30") }
                try await harness.time.sleep(until: harness.time.now().advanced(byNanoseconds: 11_000_000_000))
                let after = try await harness.instrument
                #expect(after.unit == unit, "what is stored is counted in them")
                #expect(after.rules.lotSize == "0.01")
                // OKX has no least cost.
                #expect(after.rules.minimumNotional == (tongue == .okx ? nil : "30"))
                for (price, amount) in [("99.53", "0.5"), ("99.5", "0.505")] as [(FixedDecimal, FixedDecimal)] {
                    let request = try await harness.request(62, .buy, price, amount)
                    await #expect(throws: RiskRefusal.self) { _ = try await harness.approved(request) }
                }
                let good = try await harness.place(account, try await harness.request(63, .buy, "99.5", "0.51"))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(good)) }
                #expect(harness.model.order { $0.state == .open }?.price == "99.5")
            }
        }

        // MARK: - A market that is told no more

        @Test(arguments: Tongue.allCases)
        func `a stream that lives and tells nothing while the market moves is noticed, and heals`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, _ in
                try await harness.wait("the book is there") { harness.bestPrices?.bid == "99.99" }
                // Nothing moves: that is no fault.
                try await harness.time.sleep(until: harness.time.now().advanced(byNanoseconds: 25_000_000_000))
                #expect(!harness.market.contains { $0.kind == .gap })
                let begun = harness.time.milliseconds
                harness.model.change { $0.isMarketMute = true }
                harness.model.changeBook(.buy, "100", "1")
                try await harness.wait("the gap is told") { harness.market.contains { $0.kind == .gap } }
                // Twice the time after which a silent book is looked at, and the look.
                #expect(harness.time.milliseconds - begun < 40_000)
                // The new subscription brings the book as it is, and proves nothing: a stream that stays silent is not traded on.
                harness.forget()
                try await harness.time.sleep(until: harness.time.now().advanced(byNanoseconds: 15_000_000_000))
                #expect(!harness.market.contains { $0.kind == .reset })
                harness.model.change { $0.isMarketMute = false }
                try await harness.wait("it is healed") {
                    harness.model.changeBook(.sell, "100.01", harness.time.milliseconds % 2 == 0 ? "3" : "4")
                    return harness.market.contains { $0.kind == .reset } && harness.bestPrices?.bid == "100"
                }
            }
        }

        @Test(arguments: Tongue.allCases)
        func `an account's stream that tells nothing of what is accepted is noticed, not traded on, and begun anew`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                func count(_ isIt: (AccountUpdate) -> Bool) -> Int { harness.told.count(where: isIt) }
                func isLost(_ update: AccountUpdate) -> Bool { if case .lost = update { true } else { false } }
                func isBack(_ update: AccountUpdate) -> Bool { if case .recovered = update { true } else { false } }
                let first = try await harness.place(account, try await harness.request(3_000))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(first)) }
                // Long after: one that tells is left alone.
                try await harness.time.sleep(until: harness.time.now().advanced(byNanoseconds: 30_000_000_000))
                #expect(count(isLost) == 0)
                harness.model.change { $0.isAccountMute = true }
                let begun = harness.time.milliseconds
                let second = try await harness.place(account, try await harness.request(3_001))
                try await harness.wait("it is accepted, too") { harness.events.contains(.accepted(second)) }
                try await harness.wait("the silence is noticed") { count(isLost) > 0 }
                // Three seconds between two looks, and what a busy machine adds.
                #expect(harness.time.milliseconds - begun < 30_000)
                // Its questions stand in for it, and tell of a fill soon.
                try await harness.wait("it is traded on again") { count(isBack) >= count(isLost) }
                let state = try #require(harness.registry.states.first)
                #expect(!state.isStreaming && state.fault?.contains("tells nothing of what is accepted") == true)
                let before = harness.time.milliseconds
                harness.model.fill("0.1")
                try await harness.wait("the fill is told") { harness.fills.contains { $0.orderID == second } }
                #expect(harness.time.milliseconds - before < 30_000)
                harness.model.change { $0.isAccountMute = false }
                let third = try await harness.place(account, try await harness.request(3_002))
                try await harness.wait("the third is accepted") { harness.events.contains(.accepted(third)) }
                try await harness.wait("the stream is relied on again") {
                    harness.registry.states.first?.isStreaming == true && count(isBack) >= count(isLost)
                }
            }
        }

        // MARK: - Placements that wait for their turn

        @Test(arguments: [Tongue.binance, .bitfinex])
        func `a placement that waits for its turn never leaves once it is cancelled`(_ tongue: Tongue) async throws {
            try await VenueHarness.with(tongue) { harness, account in
                var ids: [ClientOrderID] = []
                var requests: [AccountRequest] = []
                for number in 0..<130 {
                    let request = try await harness.request(UInt64(2_000 + number), .buy, "90", "0.1")
                    ids.append(request.id)
                    requests.append(try await harness.approved(request))
                }
                for request in requests { account.send(request, VenueHarness.symbol) }
                account.cancel(ids, VenueHarness.symbol)
                // A cancel may overtake a placement that had left: it is refused, and asked again, as the engine would.
                var refused = 0
                try await harness.wait("each has its end") {
                    let overtaken = harness.events.compactMap { event -> ClientOrderID? in
                        if case .cancelRejected(let id, _) = event { id } else { nil }
                    }
                    if overtaken.count > refused {
                        account.cancel(Array(overtaken[refused...]), VenueHarness.symbol)
                        refused = overtaken.count
                    }
                    let ended = Set(
                        harness.events.compactMap { event -> ClientOrderID? in
                            switch event {
                            case .notFound(let id), .cancelled(let id), .rejected(let id, _): id
                            default: nil
                            }
                        })
                    return ended.isSuperset(of: ids) && harness.model.openOrders.isEmpty
                }
                let withdrawn = ids.filter { id in harness.events.contains(.notFound(id)) }
                #expect(!withdrawn.isEmpty)
                // Long after the limiter would have let them go.
                try await harness.time.sleep(until: harness.time.now().advanced(byNanoseconds: 12_000_000_000))
                #expect(withdrawn.allSatisfy { harness.timesPlaced($0) == 0 })
                #expect(harness.model.openOrders.isEmpty)
            }
        }

        @Test func `a connection that never tells of the market is replaced, though it lives`() async throws {
            let isDead = { (model: ModelExchange) in
                model.change { ($0.isMarketMute, $0.isDeadFromTheStart) = (true, true) }
            }
            try await VenueHarness.with(.binance, prepare: isDead) { harness, _ in
                func listening() -> Set<Int> {
                    Set(harness.model.read { $0.listened }.filter { $0.value.contains("market") }.keys)
                }
                try await harness.wait("the market is listened to") { !listening().isEmpty }
                let first = listening()
                try await harness.wait("another connection is tried") { !listening().subtracting(first).isEmpty }
                #expect(harness.bestPrices?.bid == nil)
                harness.model.change { $0.isMarketMute = false }
                try await harness.wait("the book comes") {
                    harness.model.changeBook(.buy, "99.98", "1")
                    return harness.bestPrices?.bid == "99.99"
                }
            }
        }

        @Test(arguments: [Tongue.bitfinex, .okx]) func `a wrong checksum is told as a gap and healed by a book`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue) { harness, _ in
                try await harness.wait("the book is there") { harness.bestPrices?.bid == "99.99" }
                let number = harness.model.change { contents in
                    contents.sequence += 1
                    return contents.sequence
                }
                let frame =
                    tongue == .bitfinex
                    ? "[7,\"cs\",12345,\(number),\(harness.model.now)]"
                    : """
                    {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[],"bids":[],\
                    "ts":"\(harness.model.now)","checksum":5,"prevSeqId":-1,"seqId":\(number)}]}
                    """
                harness.pushToMarket(frame)
                try await harness.wait("the gap is told") { harness.market.contains { $0.kind == .gap } }
                try await harness.wait("it is healed") { harness.bookIsTrue }
            }
        }

        // MARK: - The dead man's switch

        private static let switched: [Tongue] = [.okx, .gate, .kucoin]

        @Test(arguments: switched) func `the dead man's switch is kept armed where the account wants it`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue, deadMansSwitch: 30) { harness, account in
                let id = try await harness.place(account, try await harness.request(70))
                try await harness.wait("it is armed again and again") { harness.model.read { $0.armed.count } >= 5 }
                #expect(harness.model.read { $0.armed.allSatisfy { $0 == 30 } })
                #expect(harness.isOpen(id))
                #expect(harness.registry.states.first?.safety == .deadMansSwitch(seconds: 30))
            }
            try await VenueHarness.with(tongue) { harness, _ in
                try await harness.time.sleep(until: harness.time.now().advanced(byNanoseconds: 20_000_000_000))
                #expect(harness.model.read { $0.armed } == [], "nobody asked for it")
                #expect(harness.registry.states.first?.safety == ExchangeAccountState.Safety.none)
            }
        }

        @Test(arguments: switched) func `what the connector does at times is listed while it does it`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue, deadMansSwitch: 30) { harness, account in
                _ = try await harness.place(account, try await harness.request(72))
                let exchange = try #require(harness.registry.states.first?.exchange)
                let wanted = [
                    "\(exchange) BTC/USDT: silence", "\(exchange) BTC/USDT: stream", "\(exchange)/default: stream",
                    "\(exchange)/default: watch", "\(exchange): clock",
                ]
                let listed = { harness.schedules.reports.map(\.name).filter { !$0.hasSuffix("switch") } }
                try await harness.wait("they are listed") { listed() == wanted }
                let watch = { harness.schedules.reports.first { $0.name.hasSuffix(": watch") } }
                try await harness.wait("one has run and has a next time") {
                    watch().map { $0.runCount > 0 && $0.lastRun != nil && $0.nextRun != nil } ?? false
                }
                harness.registry.close()
                try await harness.wait("none is left") { harness.schedules.reports.isEmpty }
            }
        }

        @Test(arguments: switched) func `a clean end disarms the dead man's switch: what others placed stays`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue, deadMansSwitch: 30) { harness, account in
                let id = try await harness.place(account, try await harness.request(71))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                try await harness.wait("it is armed") { harness.model.read { $0.armed.last == 30 } }
                harness.model.addForeignOrder()
                account.send(.cancel(id), Self.symbol)
                try await harness.wait("ours is gone") { harness.events.contains(.cancelled(id)) }
                await harness.registry.standDown()
                #expect(harness.model.read { $0.armed.last } == 0)
                try await harness.time.sleep(until: harness.time.now().advanced(byNanoseconds: 40_000_000_000))
                #expect(harness.model.openOrders.map(\.clientID) == ["somebody"])
            }
        }

        @Test(arguments: switched) func `a process that dies leaves it armed, and all that rests is cancelled in time`(
            _ tongue: Tongue
        ) async throws {
            try await VenueHarness.with(tongue, deadMansSwitch: 30) { harness, account in
                let ids = try await withOrders(harness, account)
                harness.model.addForeignOrder()
                let requests = { harness.model.read { $0.requests } }
                // What `/health/trading` states.
                guard case .deadMansSwitch(let stated)? = harness.registry.states.first?.safety else {
                    Issue.record("no switch is stated")
                    return
                }
                harness.registry.close()
                let (died, sent) = (harness.time.milliseconds, requests())
                try await harness.wait("everything is cancelled") { harness.model.openOrders.isEmpty }
                // The exchange heard of us before we died; its looks at the switch are seconds apart.
                #expect(harness.time.milliseconds - died < Int64(stated) * 1_000 + 3_000)
                #expect(harness.model.read { $0.armed.last } == 30 && requests() - sent <= 1)
                #expect(ids.allSatisfy { !harness.isOpen($0) })
            }
        }

        @Test
        func `Bitfinex: the end of the stream cancels everything where the account wants it, and nothing elsewhere`()
            async throws
        {
            for isWanted in [true, false] {
                try await VenueHarness.with(.bitfinex, deadMansSwitch: isWanted ? 30 : nil) { harness, account in
                    let ids = try await withOrders(harness, account)
                    #expect(
                        harness.registry.states.first?.safety
                            == (isWanted ? .cancelsOnDisconnect : ExchangeAccountState.Safety.none))
                    harness.registry.close()
                    try await harness.time.sleep(until: harness.time.now().advanced(byNanoseconds: 5_000_000_000))
                    #expect(ids.allSatisfy { harness.isOpen($0) != isWanted })
                }
            }
        }

        @Test func `Bybit: orders go when the connection stays away for the time, not when it comes back`() async throws
        {
            try await VenueHarness.with(.bybit, deadMansSwitch: 10) { harness, account in
                try await harness.wait("it is protected") {
                    harness.registry.states.first?.safety == .cancelsOnDisconnect
                }
                #expect(harness.model.read { $0.armed } == [10])
                let id = try await harness.place(account, try await harness.request(74))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                for connection in harness.model.read({ $0.guarded.sorted() }) { harness.server.hangUp(connection) }
                try await harness.wait("it is said anew") { harness.model.read { $0.armed == [10, 10] } }
                try await harness.time.sleep(until: harness.time.now().advanced(byNanoseconds: 12_000_000_000))
                #expect(harness.isOpen(id))
                harness.registry.close()
                let died = harness.time.milliseconds
                try await harness.wait("it is gone") { !harness.isOpen(id) }
                #expect(harness.time.milliseconds - died < 13_000)
            }
        }

        @Test func `Bybit: protection that it has not enabled is shown, and keeps nobody from trading`() async throws {
            try await VenueHarness.with(
                .bybit, deadMansSwitch: 10, prepare: { $0.change { $0.offersProtection = false } }
            ) { harness, account in
                let id = try await harness.place(account, try await harness.request(75))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                try await harness.wait("it is shown") {
                    harness.registry.states.first?.fault?.contains("would outlive the connection") == true
                }
                let state = try #require(harness.registry.states.first)
                #expect(state.safety == ExchangeAccountState.Safety.none && state.isStreaming)
            }
        }

        private func withOrders(
            _ harness: VenueHarness, _ account: any ExchangeAccount
        ) async throws -> [ClientOrderID] {
            var ids: [ClientOrderID] = []
            for number: UInt64 in 80..<83 {
                ids.append(try await harness.place(account, try await harness.request(number)))
            }
            try await harness.wait("all are accepted") { ids.allSatisfy { harness.events.contains(.accepted($0)) } }
            if type(of: harness.speaker).exchange != .bitfinex {
                try await harness.wait("it is armed") { harness.model.read { $0.armed.last == 30 } }
            }
            try await harness.wait("the stream is up") { harness.registry.states.first?.isStreaming == true }
            return ids
        }

        @Test func `nobody trades any more: it is disarmed while the server goes on, and armed when somebody does`()
            async throws
        {
            try await VenueHarness.with(.okx, deadMansSwitch: 30) { harness, account in
                let id = try await harness.place(account, try await harness.request(72))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                harness.endSubscriptions()
                // One of ours rests still.
                let count = harness.model.read { $0.armed.count }
                try await harness.wait("it is armed on") { harness.model.read { $0.armed.count } > count + 2 }
                #expect(harness.model.read { $0.armed.last } == 30 && harness.isOpen(id))
                account.send(.cancel(id), Self.symbol)
                try await harness.wait("it is disarmed") { harness.model.read { $0.armed.last } == 0 }
                #expect(!harness.isOpen(id))
                try await harness.listen(account)
                try await harness.wait("it is armed again") { harness.model.read { $0.armed.last } == 30 }
            }
        }

        @Test func `a dead man's switch that cannot be armed is shown`() async throws {
            try await VenueHarness.with(
                .gate, deadMansSwitch: 30, prepare: { $0.change { $0.broken = "countdown_cancel_all" } }
            ) { harness, _ in
                try await harness.wait("it is shown") {
                    harness.registry.states.first?.fault?.contains("dead man's switch was not armed") == true
                }
                harness.model.change { $0.broken = nil }
                try await harness.wait("it is armed") { harness.model.read { $0.armed.last } == 30 }
                try await harness.wait("all is well") { harness.registry.states.first?.fault == nil }
            }
        }

        @Test func `where nobody cancels for us, what rests unattended is shown, fills taken off`() async throws {
            try await VenueHarness.with(.mexc) { harness, account in
                let id = try await harness.place(account, try await harness.request(73))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                let usdt = AssetID("USDT")
                #expect(harness.registry.states.first?.unattended == [usdt: "49.75"])
                harness.model.fill("0.2")
                try await harness.wait("it is less") { harness.registry.states.first?.unattended == [usdt: "29.85"] }
                account.send(.cancel(id), Self.symbol)
                try await harness.wait("nothing rests") { harness.registry.states.first?.unattended == [:] }
            }
        }

        // MARK: - Nonces

        @Test func `Bitfinex: a nonce that looks old is refused, and the request sent again in its turn`() async throws
        {
            try await VenueHarness.with(
                .bitfinex, prepare: { $0.change { $0.placements = [.staleNonce, .staleNonce] } }
            ) { harness, account in
                var ids: [ClientOrderID] = []
                for number: UInt64 in 200..<206 {
                    ids.append(try await harness.place(account, try await harness.request(number)))
                }
                try await harness.wait("all are accepted") {
                    ids.allSatisfy { harness.events.contains(.accepted($0)) }
                }
                #expect(harness.model.read { $0.placedIDs } == (200..<206).map { "\($0)" })
                #expect(!harness.events.contains { if case .outcomeUnknown = $0 { true } else { false } })
            }
        }

        @Test func `Bitfinex: a nonce that goes on looking old is a refusal, never an unknown outcome`() async throws {
            let prepare: (ModelExchange) -> Void = { model in
                model.change { $0.placements = Array(repeating: .staleNonce, count: 20) }
            }
            try await VenueHarness.with(.bitfinex, prepare: prepare) { harness, account in
                let id = try await harness.place(account, try await harness.request(210))
                try await harness.wait("it is refused") { harness.events.contains(.rejected(id, .unavailable)) }
                #expect(harness.events == [.rejected(id, .unavailable)])
                #expect(harness.timesPlaced(id) == 0)
            }
        }

        @Test func `Bitfinex: a request that was given up and comes late takes nothing along`() async throws {
            try await VenueHarness.with(.bitfinex, prepare: { $0.change { $0.placements = [.comeLate(4_000)] } }) {
                harness, account in
                let late = try await harness.place(account, try await harness.request(220))
                var others: [ClientOrderID] = []
                for number: UInt64 in 221..<225 {
                    others.append(try await harness.place(account, try await harness.request(number)))
                }
                try await harness.wait("the others are accepted") {
                    others.allSatisfy { harness.events.contains(.accepted($0)) }
                }
                try await harness.wait("the late one never was") { harness.events.contains(.notFound(late)) }
                // It came, with a nonce below the others'.
                #expect(harness.model.read { $0.staleNonces } >= 1)
                #expect(harness.timesPlaced(late) == 0)
                let next = try await harness.place(account, try await harness.request(230))
                try await harness.wait("the next is accepted") { harness.events.contains(.accepted(next)) }
                #expect(
                    harness.events.filter { $0.orderID != late } == (others + [next]).map { AccountEvent.accepted($0) })
            }
        }
    }
}
