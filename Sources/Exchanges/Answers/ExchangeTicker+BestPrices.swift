extension ExchangeTicker {
    /// The best prices alone.
    var bestPrices: ExchangeTicker {
        var best = ExchangeTicker(symbol: symbol, time: time)
        best.bid = bid
        best.bidAmount = bidAmount
        best.ask = ask
        best.askAmount = askAmount
        return best
    }

    /// Of a book's best levels.
    init(bestOf book: ExchangeBook) {
        self.init(symbol: book.symbol, time: book.time)
        bid = book.bids.first?.price
        bidAmount = book.bids.first?.amount
        ask = book.asks.first?.price
        askAmount = book.asks.first?.amount
    }
}
