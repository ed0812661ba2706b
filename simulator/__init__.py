"""A stand-in for Twilio and for telephones; it speaks HTTP only and imports nothing it judges."""
