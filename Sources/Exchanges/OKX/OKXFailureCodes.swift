/// OKX's codes by what they mean; those not named are refusals of no special kind.
enum OKXFailureCodes {
    static let kinds: [String: ExchangeFailure.Kind] = {
        var kinds: [String: ExchangeFailure.Kind] = [:]
        for (kind, codes) in table {
            for code in codes.split(separator: " ") { kinds[String(code)] = kind }
        }
        return kinds
    }()

    private static let table: [(ExchangeFailure.Kind, String)] = [
        // General
        (.badRequest, "50000 50002 50006 50014 50024 50044 50115"),
        (.onMaintenance, "50001"),
        (.requestTimeout, "50004 51149"),
        (.exchangeNotAvailable, "50005 50013 50026"),
        (.accountSuspended, "50007 50009 51009 51024 58004 58101 58204"),
        (.authenticationError, "50008 50101 50103 50104 50105 50106 50107 50111 50112 50113 50114"),
        (.rateLimitExceeded, "50011 51113 58102 60014"),
        (.permissionDenied, "50027 50110 50120 58002 59260"),
        (.invalidNonce, "50102 60006"),
        (.manualInteractionNeeded, "4088"),
        (.restrictedLocation, "50125 51732 51733"),
        // Orders
        (.badRequest, "51000 51003 51110 51111 51156 51159 51407"),
        (.badSymbol, "51001 51002 51012 51014 51015 51026 51130"),
        (
            .invalidOrder,
            """
            51004 51005 51006 51007 51011 51016 51020 51030 51031 51046 51047 51048 51049 51050 51051 51052 51100 51101 \
            51102 51103 51104 51105 51106 51107 51108 51109 51112 51115 51116 51117 51118 51120 51121 51122 51124 51125 \
            51126 51128 51129 51132 51133 51134 51135 51136 51137 51138 51139 51201 51202 51203 51204 51205 51250 51251 \
            51252 51254 51255 51256 51257 51258 51259 51260 51261 51262 51263 51264 51265 51267 51268 51270 51271 51272 \
            51273 51274 51275 51276 51277 51278 51279 51280 51281 51282 51321 51322 51323 51324 51325 51327 51328 51329 \
            51330 51331 51403 51404
            """
        ),
        (.insufficientFunds, "51008 51119 51127 51131 51501 51502 58350 59200 59201"),
        (.accountNotEnabled, "51010 60021 60029 64003"),
        (.contractUnavailable, "51021 51022 51027 51028"),
        (.orderNotFound, "51400 51401 51402 51603"),
        (.cancelPending, "51410"),
        // Deposits and withdrawals
        (.invalidAddress, "58203 58207"),
        (.authenticationError, "58001 58212 58213"),
        (.badRequest, "58125 58126 58221 59216"),
        // Streams
        (.authenticationError, "60001 60002 60003 60004 60005 60007 60008 60009 60010 60011 60022 60024 60026 60032"),
        (.badRequest, "60012 60013 60016 60017 60018 60019 64000"),
        (.networkError, "60015"),
        (.ddosProtection, "60023"),
        // Other products of an account, and the interfaces that are newer than its trading
        (.contractUnavailable, "51029"),
        (
            .invalidOrder,
            """
            51072 51073 51074 51090 51091 51092 51093 51094 51095 51096 51098 51099 51162 51163 51166 \
            51174 51185 51253 51269 54008 54009 54011 54094 55100 55101 55102 55103 55104 55111 55112 \
            55113 59128
            """
        ),
        (.restrictedLocation, "51155"),
        (.authenticationError, "51734 59113 60031 4001 4007"),
        (.insufficientFunds, "51736 51764 51772 58229 59103 59108 59411"),
        (.accountNotEnabled, "51763 60030"),
        (
            .badRequest,
            """
            51765 51768 51770 54073 58127 58128 58222 58224 58227 58228 59414 59642 59684 59686 64001 \
            64002 64004 70010 70013 70016 70060 70061 70062 70064 70065 70066 70067 1009 4002 4006
            """
        ),
        (.onMaintenance, "51767 51774"),
        (.permissionDenied, "51773 59262"),
        (.operationRejected, "59410 59412 59413"),
        (.accountSuspended, "59508"),
        (.argumentsRequired, "60027"),
        (.notSupported, "60028"),
        (.networkError, "64008 4004"),
        (.rateLimitExceeded, "4003 4008"),
        (.exchangeNotAvailable, "4005"),
    ]
}
