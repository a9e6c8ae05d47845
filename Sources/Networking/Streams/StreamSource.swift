public import Exchanges
import TradingCore

extension StreamRunner {
    /// How a stream is made and served.
    public struct Source: Sendable {
        /// Makes a session for one connection, with whatever calls that takes.
        public var prepare: @Sendable () async -> Result<Prepared, ExchangeFailure>
        public var book: @Sendable (EndpointCall<ExchangeBook>) async -> Result<ExchangeBook, ExchangeFailure>
        public var headers: [SignedRequest.Header]

        public init(
            headers: [SignedRequest.Header] = [],
            prepare: @escaping @Sendable () async -> Result<Prepared, ExchangeFailure>,
            book: @escaping @Sendable (EndpointCall<ExchangeBook>) async -> Result<ExchangeBook, ExchangeFailure>
        ) {
            self.headers = headers
            self.prepare = prepare
            self.book = book
        }
    }

    /// A session, and what keeps its token good while it lasts.
    public struct Prepared: Sendable {
        public var session: any StreamSession
        public var renewal: Renewal?

        public init(_ session: any StreamSession, renewal: Renewal? = nil) {
            self.session = session
            self.renewal = renewal
        }
    }

    public struct Renewal: Sendable {
        /// Milliseconds.
        public var every: Int64
        public var perform: @Sendable () async -> Result<Void, ExchangeFailure>

        public init(every: Int64, perform: @escaping @Sendable () async -> Result<Void, ExchangeFailure>) {
            self.every = every
            self.perform = perform
        }
    }
}

extension ExchangeClient {
    /// A stream of the dialect's: fetches the token that it wants and renews it at half its life, and asks for books.
    /// - Parameter make: the dialect's session, given the token where there is one.
    public func streamSource(
        isPrivate: Bool, headers: [SignedRequest.Header] = [],
        make: @escaping @Sendable (StreamToken?) throws(ExchangeFailure) -> any StreamSession
    ) -> StreamRunner.Source {
        StreamRunner.Source(headers: headers) {
            do throws(ExchangeFailure) {
                let token = try await self.token(isPrivate: isPrivate)
                return .success(StreamRunner.Prepared(try make(token), renewal: token.flatMap { self.renewal(of: $0) }))
            } catch { return .failure(error) }
        } book: { call in
            await self.outcome(of: call)
        }
    }

    private func token(isPrivate: Bool) async throws(ExchangeFailure) -> StreamToken? {
        guard let call = dialect.streamToken(isPrivate: isPrivate) else { return nil }
        return try await outcome(of: call).get()
    }

    private func renewal(of token: StreamToken) -> StreamRunner.Renewal? {
        guard let call = dialect.renew(token) else { return nil }
        let usual: Int64 = 1_800_000
        let every = min(max(10_000, (token.lifetime ?? 2 * usual) / 2), 86_400_000)
        return StreamRunner.Renewal(every: every) { await self.outcome(of: call) }
    }

    private func outcome<Answer: Sendable>(of call: EndpointCall<Answer>) async -> Result<Answer, ExchangeFailure> {
        do throws(CallFailure) { return .success(try await perform(call)) } catch { return .failure(error.failure) }
    }
}
