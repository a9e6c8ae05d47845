import TradingCore

extension BitfinexBook.Row {
    /// Reads `[number, number, number]`; further elements are stepped over.
    /// - Throws: ``JSONError`` for what is no row of three numbers, ``DecimalTextError`` for one we cannot keep.
    init(_ scanner: inout JSONScanner, isOrders: Bool) throws {
        try scanner.beginArray()
        guard try scanner.nextElement() else { throw scanner.error(.number) }
        let first = try scanner.number()
        guard try scanner.nextElement() else { throw scanner.error(.number) }
        let second = try scanner.number()
        guard try scanner.nextElement() else { throw scanner.error(.number) }
        let third = try scanner.number()
        while try scanner.nextElement() { try scanner.skipValue() }
        let (priceBytes, numberBytes) =
            isOrders
            ? (scanner.content(of: second), scanner.content(of: first))
            : (scanner.content(of: first), scanner.content(of: second))
        let amountBytes = scanner.content(of: third)
        guard let number = Int64(String(decoding: numberBytes, as: UTF8.self)) else { throw scanner.error(.integer) }
        self.number = number
        price = try FixedDecimal(utf8: priceBytes)
        amount = try FixedDecimal(utf8: amountBytes)
        priceText = Self.text(priceBytes, price)
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
