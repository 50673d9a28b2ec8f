"""Facts into documents and feeds: one projector a read model, each a pure function of document and event."""
