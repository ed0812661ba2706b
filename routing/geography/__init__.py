"""Where a caller is: communes, postcodes, landline prefixes and spoken names."""
