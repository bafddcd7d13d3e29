# An app that knows nothing of a proxy: run_app.rb LIBRARY BASE…, http only.

require 'net/http'

library, *bases = ARGV
bases.each { |base| puts Net::HTTP.get(URI("#{base}/#{library}")) }
