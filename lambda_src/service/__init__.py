"""The application: Lambda functions that keep records for many tenants, encrypted before they are stored.

Data flows one way. A handler (`writer`, `reader`) parses the request into frozen dataclasses, `record_writes`
or `record_reads` does the one thing asked, `envelope` encrypts or decrypts, and the table keeps the item.
`tenant_admin` and the scheduled `rotation` change the branch keys that records may hang on, and open none.
What goes wrong becomes a problem document. No record content and no key may reach a log, a metric or the text
of an exception.
"""
