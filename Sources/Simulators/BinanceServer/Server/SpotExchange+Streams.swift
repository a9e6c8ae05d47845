import TradingCore

/// Telling everybody who listens.
extension SpotExchange {
    /// Once per turn: what happened since the last one, and what is due.
    func publish() {
        let now = core.now
        let isFast = paceDue[DepthCounter.Pace.fast.rawValue] <= now
        let isSlow = paceDue[DepthCounter.Pace.slow.rawValue] <= now
        for market in core.markets {
            tellTrades(market, now)
            market.settleDepth()
            tellBest(market, now)
            if isFast { tellDepth(market, .fast, now) }
            if isSlow {
                tellDepth(market, .slow, now)
                tellTicker(market, now)
            }
        }
        if isFast { paceDue[DepthCounter.Pace.fast.rawValue] = next(.fast, now) }
        if isSlow {
            tellCandles(now)
            tellAllTickers(now)
            endExpiredListenKeys(at: now)
            paceDue[DepthCounter.Pace.slow.rawValue] = next(.slow, now)
        }
        tellAccounts(now)
        hub.release(at: now)
    }

    /// The next whole multiple of a pace.
    private func next(_ pace: DepthCounter.Pace, _ now: Timestamp) -> Timestamp {
        let length = Nanoseconds.milliseconds(pace.milliseconds)
        return Timestamp(nanoseconds: (now.nanoseconds / length + 1) * length)
    }

    private func tellTrades(_ market: SpotMarket, _ now: Timestamp) {
        guard !market.untold.isEmpty else { return }
        let trades = market.untold
        market.untold.removeAll(keepingCapacity: true)
        if hub.hasListeners(.trade(market.name)) {
            for trade in trades {
                hub.publish(.trade(market.name), &faults, at: now) { $0.tradeEvent(trade, market, at: now) }
            }
        }
        for trade in market.tape.takeNewAggregates() where hub.hasListeners(.aggregateTrade(market.name)) {
            hub.publish(.aggregateTrade(market.name), &faults, at: now) { $0.aggregateEvent(trade, market, at: now) }
        }
    }

    private func tellBest(_ market: SpotMarket, _ now: Timestamp) {
        let (bid, ask) = (market.best(.buy), market.best(.sell))
        let shown = [bid, ask].map {
            BestLevel(ticks: $0?.price.ticks ?? 0, lots: $0?.quantity.lots ?? 0)
        }
        guard shownBest[market.name] != shown else { return }
        shownBest[market.name] = shown
        hub.publish(.bookTicker(market.name), &faults, at: now) { $0.bookTicker(market, bid, ask) }
    }

    func tellDepth(_ market: SpotMarket, _ pace: DepthCounter.Pace, _ now: Timestamp) {
        let hasChanged = market.depth.hasNews(pace)
        if hub.hasListeners(.depth(market.name, pace)), let update = market.depth.take(pace) {
            hub.publish(.depth(market.name, pace), &faults, at: now) { $0.depth(update, market, at: now) }
        } else {
            market.depth.skip(pace)
        }
        guard hasChanged else { return }
        for levels in [5, 10, 20] {
            let topic = StreamTopic.partialDepth(market.name, levels: levels, pace)
            guard hub.hasListeners(topic) else { continue }
            let snapshot = snapshot(market, limit: levels)
            hub.publish(topic, &faults, at: now) { _ in snapshot }
        }
    }

    private func tellTicker(_ market: SpotMarket, _ now: Timestamp) {
        if hub.hasListeners(.ticker(market.name)) || hub.hasListeners(.miniTicker(market.name)) {
            let rolling = SpotRenderer.Rolling(market, seconds: 86_400, now: now)
            hub.publish(.ticker(market.name), &faults, at: now) { $0.tickerEvent(rolling) }
            hub.publish(.miniTicker(market.name), &faults, at: now) { $0.miniTickerEvent(rolling) }
        }
        for (hours, name) in [(1, "1hTicker"), (4, "4hTicker"), (24, "1dTicker")] as [(Int64, String)] {
            let topic = StreamTopic.rollingTicker(market.name, hours: hours)
            guard hub.hasListeners(topic) else { continue }
            let rolling = SpotRenderer.Rolling(market, seconds: hours * 3_600, now: now)
            hub.publish(topic, &faults, at: now) { $0.rollingEvent(rolling, name) }
        }
        hub.publish(.averagePrice(market.name), &faults, at: now) { $0.averageEvent(market, at: now) }
    }

    private func tellAllTickers(_ now: Timestamp) {
        guard hub.hasListeners(.allTickers) || hub.hasListeners(.allMiniTickers) else { return }
        let all = core.markets.map { SpotRenderer.Rolling($0, seconds: 86_400, now: now) }
        hub.publish(.allTickers, &faults, at: now) { renderer in .list(all.map { renderer.tickerEvent($0) }) }
        hub.publish(.allMiniTickers, &faults, at: now) { renderer in .list(all.map { renderer.miniTickerEvent($0) }) }
    }

    /// The candle that is being made, and once more each that has just closed.
    private func tellCandles(_ now: Timestamp) {
        let before = now.advanced(byNanoseconds: -Nanoseconds.seconds(1))
        for (symbol, interval, offset) in hub.candleTopics {
            guard let market = try? core.market(symbol) else { continue }
            let starts = Set([interval.start(of: before, offset: offset), interval.start(of: now, offset: offset)])
            for start in starts.sorted() {
                let candles = market.candles.candles(
                    interval, in: start...start, limit: 1, takesLatest: false, offset: offset, now: now)
                guard let candle = candles.first else { continue }
                let end = interval.end(of: start, offset: offset)
                hub.publish(.candle(symbol, interval, offset: offset), &faults, at: now) {
                    $0.candleEvent(candle, interval, end: end, market, at: now)
                }
            }
        }
    }

    private func tellAccounts(_ now: Timestamp) {
        let events = core.events
        core.events.removeAll(keepingCapacity: true)
        for event in events {
            note(event)
            let market = { [core] name in try? core.market(name) }
            hub.publish(account: event.account, &faults, at: now) { $0.event(event, market) }
            hub.publish(.account(event.account), &faults, at: now, account: event.account) { $0.event(event, market) }
        }
    }

    private func note(_ event: SpotEvent) {
        switch event.body {
        case .balances(let balances):
            for balance in balances { trail.note(balance, of: event.account, at: event.time) }
        case .order(let order, let execution) where execution.kind == .trade && order.status == .filled:
            limits.filled(order.account, at: event.time)
        case .order, .transfer: break
        }
    }
}
