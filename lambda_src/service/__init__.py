"""The application: two Lambda functions that keep records for many tenants, encrypted before they are stored.

Data flows one way. A handler (`writer`, `reader`) parses the request into frozen dataclasses, `record_writes`
or `record_reads` does the one thing asked, `envelope` encrypts or decrypts, and the table keeps the item.
What goes wrong becomes a problem document. No record content may reach a log, a metric or the text of an
exception.
"""
