import ExchangeKeys
import Exchanges

/// Exchanges, their keys and transfers; and who the server is.
extension Schema {
    static let server = Schema.object([
        "mixin_app_id?": .string, "app_hash": .string, "recording_oracle_url": .string,
        "campaign_launcher_url": .string,
        "timestamp": .time,
    ])
    static let token = Schema.object(["access_token": .string])

    static let exchangeKey = Schema.named(
        "ExchangeKey",
        .object([
            "key_id": .integer, "exchange": .string, "exchange_index": .string, "name": .string, "api_key": .string,
            "api_secret": .choice(["********"]), "api_passphrase?": .choice(["********"]),
            "api_uid?": .choice(["********"]), "purpose": .choice(ExchangeKey.Purpose.allCases.map(\.rawValue)),
            "permissions": .array(.string), "is_bound_to_addresses?": .boolean, "allow_withdrawals": .boolean,
            "environment": .choice(["production", "testnet", "custom"]), "base_url?": .string, "stream_url?": .string,
            "dead_mans_switch?": .integer, "checked_at": .nullable(.time), "fault": .nullable(.string),
            "fault_causes": .array(.choice(KeyCause.allCases.map(\.rawValue))), "created_at": .time,
        ]))

    static let publicKey = Schema.object(["publicKey": .string])

    static let accountReadiness = Schema.named(
        "AccountReadiness",
        .object([
            "exchange": .string, "exchange_index": .string, "ready": .boolean, "streaming": .boolean,
            "can_withdraw": .boolean, "faults": .array(.string),
        ]))

    static let depositAddress = Schema.object(["address": .string, "memo": .string, "network": .string])

    static let withdrawal = Schema.named(
        "Withdrawal",
        .object([
            "id": .nullable(.string), "number": .integer, "txid": .nullable(.string), "requestId": .string,
            "status": .choice(Withdrawal.Status.allCases.map(\.rawValue)), "exchange": .string,
            "exchange_index": .string, "symbol": .string, "network": .string, "address": .string,
            "tag": .nullable(.string), "amount": .number, "reason": .nullable(.string), "timestamp": .time,
        ]))
    static let withdrawalVerdict = Schema.named(
        "WithdrawalVerdict",
        .object([
            "number": .integer, "withdrawal": .integer, "outcome": .choice(["neverLeft", "sent"]),
            "exchangeId": .nullable(.string), "note": .string, "force": .boolean, "reasonBefore": .nullable(.string),
            "timestamp": .time,
        ]))
}
