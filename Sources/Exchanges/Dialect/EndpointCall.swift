public import TradingCore

/// One call: what is asked, and how the answer is read.
public struct EndpointCall<Answer: Sendable>: Sendable {
    public var request: EndpointRequest
    /// Reads the body of an answer that ``ExchangeDialect/failure(in:to:)`` found good.
    private let read: @Sendable (JSONValue) throws(EndpointCallError) -> Answer

    /// - Parameter read: throws ``UnreadableAnswer`` for what is not as documented, ``ExchangeFailure`` for a refusal that
    ///   only this call's answer can show.
    public init(
        _ request: EndpointRequest, read: @escaping @Sendable (JSONValue) throws -> Answer
    ) {
        self.request = request
        self.read = { (value) throws(EndpointCallError) in
            do { return try read(value) } catch let failure as ExchangeFailure {
                throw .failure(failure)
            } catch {
                throw .unreadable("\(error)")
            }
        }
    }

    /// - Throws: the exchange's refusal, or `badResponse` when the answer cannot be read.
    public func answer(
        in response: EndpointAnswer, _ dialect: some ExchangeDialect
    ) throws(ExchangeFailure) -> Answer {
        if var failure = dialect.failure(in: response, to: request) {
            failure.exchange = dialect.id.rawValue
            failure.endpoint = request.endpoint
            failure.status = response.status
            throw failure
        }
        func unreadable(_ message: String) -> ExchangeFailure {
            ExchangeFailure(
                .badResponse, exchange: dialect.id.rawValue, endpoint: request.endpoint, message: message,
                status: response.status)
        }
        let value: JSONValue
        do {
            value = try response.body.withUnsafeBytes { bytes throws(JSONError) in try JSONValue(utf8: bytes) }
        } catch {
            throw unreadable("\(error)")
        }
        do throws(EndpointCallError) {
            return try read(value)
        } catch {
            switch error {
            case .failure(var failure):
                failure.exchange = dialect.id.rawValue
                failure.endpoint = request.endpoint
                failure.status = response.status
                throw failure
            case .unreadable(let message): throw unreadable(message)
            }
        }
    }

    /// The same call, its answer made into something else.
    public func map<Other>(_ transform: @escaping @Sendable (Answer) throws -> Other) -> EndpointCall<Other> {
        EndpointCall<Other>(request) { [read] value in
            let answer: Answer
            do throws(EndpointCallError) { answer = try read(value) } catch {
                switch error {
                case .failure(let failure): throw failure
                case .unreadable(let message): throw UnreadableAnswer("answer", expected: "another", found: message)
                }
            }
            return try transform(answer)
        }
    }
}

enum EndpointCallError: Error {
    case failure(ExchangeFailure)
    case unreadable(String)
}
