import TradingCore

extension BitfinexBook.Row {
    /// Reads `[number, number, number]`; further elements are stepped over.
    /// - Throws: ``JSONError`` for what is no row of three numbers, ``DecimalTextError`` for one we cannot keep.
    init(_ scanner: inout JSONScanner, isOrders: Bool) throws {
        try scanner.beginArray()
        guard try scanner.nextElement() else { throw scanner.error(.number) }
        var price: JSONScanner.Text?
        var number: Int64 = 0
        if isOrders { number = try scanner.integer() } else { price = try scanner.number() }
        guard try scanner.nextElement() else { throw scanner.error(.number) }
        if isOrders { price = try scanner.number() } else { number = try scanner.integer() }
        guard let price, try scanner.nextElement() else { throw scanner.error(.number) }
        let amountBytes = scanner.content(of: try scanner.number())
        let priceBytes = scanner.content(of: price)
        while try scanner.nextElement() { try scanner.skipValue() }
        self.number = number
        self.price = try FixedDecimal(feed: priceBytes)
        amount = try FixedDecimal(feed: amountBytes)
        priceText = Self.text(priceBytes, self.price)
        amountText = Self.text(amountBytes, amount)
    }

    /// From what was read already.
    init(number: Int64, price: FixedDecimal, amount: FixedDecimal) {
        self.init(
            number: number, price: price, amount: amount, priceText: JavaScriptNumber.text(price),
            amountText: JavaScriptNumber.text(amount))
    }

    private static func text(_ bytes: UnsafeRawBufferPointer, _ value: FixedDecimal) -> String {
        JavaScriptNumber.isPlain(bytes) ? String(decoding: bytes, as: UTF8.self) : JavaScriptNumber.text(value)
    }
}
