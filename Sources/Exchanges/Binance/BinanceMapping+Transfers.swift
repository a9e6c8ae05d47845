import TradingCore

extension BinanceMapping {
    /// A row of the histories of deposits, withdrawals and fiat orders, or the answer of a withdrawal.
    static func transfer(
        _ value: JSONValue, _ kind: ExchangeTransfer.Kind?
    ) throws -> ExchangeTransfer {
        var transfer = ExchangeTransfer(id: value.text("id") ?? value.text("orderNo"))
        transfer.transactionID = value.text("txId").map { $0.replacing("Internal transfer ", with: "") }
        transfer.clientID = value.text("withdrawOrderId")
        transfer.kind = kind
        let asset = (value.text("coin") ?? value.text("fiatCurrency")).map { BinanceMapping.asset($0) }
        transfer.asset = asset
        transfer.network = value.text("network").map { BinanceNetworks.code(of: $0, for: asset ?? AssetID("")) }
        transfer.amount = try value.decimal("amount")
        if let cost = try value.decimal("transactionFee") ?? value.decimal("totalFee") {
            transfer.fee = ExchangeFee(cost: cost, asset: asset)
        }
        transfer.status = value.text("status").map { status($0, kind) }
        transfer.address = value.text("address")
        transfer.addressTo = transfer.address
        transfer.tag = value.text("addressTag")
        transfer.tagTo = transfer.tag
        transfer.isInternal = try value.integer("transferType").map { $0 != 0 }
        transfer.createdAt = try value.integer("insertTime") ?? value.integer("createTime") ?? applied(value)
        transfer.updatedAt = try value.integer("successTime") ?? value.integer("updateTime")
        return transfer
    }

    private static func applied(_ value: JSONValue) throws -> Int64? {
        guard let text = value.text("applyTime") else { return nil }
        guard let time = time(ofDate: text) else {
            throw UnreadableAnswer("applyTime", expected: "a time as 2021-04-15 12:09:16", found: text)
        }
        return time
    }

    /// `2021-04-15 12:09:16`, in UTC, as milliseconds since 1970. Years 1970 to 9999.
    static func time(ofDate text: String) -> Int64? {
        let parts = text.split(whereSeparator: { "- :".contains($0) }).map { Int64($0) }
        guard parts.count == 6, text.utf8.count == 19, let year = parts[0], let month = parts[1], let day = parts[2],
            let hour = parts[3], let minute = parts[4], let second = parts[5], (1970...9999).contains(year),
            (1...12).contains(month), (1...31).contains(day), (0..<24).contains(hour), (0..<60).contains(minute),
            (0...60).contains(second)
        else { return nil }
        // Days of the Gregorian calendar, years beginning in March (Howard Hinnant, "days_from_civil").
        let shifted = month <= 2 ? year - 1 : year
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = shifted / 400 * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1_000
    }

    /// The same number means other things for deposits and withdrawals; words are of fiat orders.
    private static func status(_ word: String, _ kind: ExchangeTransfer.Kind?) -> ExchangeTransfer.Status {
        switch (word, kind) {
        case ("Processing", _): .pending
        case ("Successful", _), ("Finished", _): .ok
        case ("Failed", _), ("Refund Failed", _): .failed
        case ("Refunding", _), ("Refunded", _): .cancelled
        case ("0", .deposit), ("7", .deposit), ("8", .deposit): .pending
        case ("1", .deposit), ("6", .deposit): .ok
        case ("0", .withdrawal), ("2", .withdrawal), ("4", .withdrawal): .pending
        case ("1", .withdrawal): .cancelled
        case ("3", .withdrawal), ("5", .withdrawal): .failed
        case ("6", .withdrawal): .ok
        default: .other(word)
        }
    }

    static func depositAddress(
        _ value: JSONValue, asked: AssetID, network: String?
    ) throws -> DepositAddress {
        let told = value.text("url").flatMap { BinanceNetworks.code(ofExplorer: $0, for: asked) }
        return DepositAddress(
            asset: value.text("coin").map { BinanceMapping.asset($0) } ?? asked, network: told ?? network,
            address: try value.requiredText("address"), tag: value.text("tag"))
    }
}
